-- A small warehouse by hand: the columns of the views, few rows, hostile names.

CREATE TABLE raw.setting AS SELECT 'author_stats' AS name, 1.0 AS value, 'flag' AS unit, 'figures about authors' AS doc;

CREATE TABLE raw.person AS SELECT * FROM (VALUES
  (CAST(11 AS BIGINT), 'Ada <b>Lovelace</b>', 'core', false),
  (12, 'Bob', CAST(NULL AS VARCHAR), false)) AS t(person_id, name, team, is_bot);

CREATE TABLE raw.build AS SELECT CAST(100 + value AS BIGINT) AS build_id,
  '{"PATH": "/usr/bin", "CI": "<img src=x onerror=alert(1)>"}' AS environment
FROM generate_series(1, 60) AS g(value);

CREATE TABLE raw.step AS SELECT * FROM (VALUES
  (CAST(160 AS BIGINT), CAST(1 AS BIGINT), 'setup', 'sh setup.sh', 'success', CAST(NULL AS VARCHAR), CAST(0 AS BIGINT), CAST('2026-11-20T10:00:00Z' AS TIMESTAMPTZ), CAST(1500000 AS BIGINT), 'demo/160/1 setup.zst', CAST(2048 AS BIGINT), false),
  (160, 2, 'test', 'sh test.sh && echo "<done>"', 'failure', 'exit status 1', 1, CAST('2026-11-20T10:00:02Z' AS TIMESTAMPTZ), 61500000, 'demo/160/2.zst', 204800, true))
  AS t(build_id, number, name, command, result, reason, exit_status, started_at, duration_us, log_path, log_size, is_log_truncated);

CREATE TABLE mart.store_overview AS SELECT CAST(1 AS BIGINT) AS project_count, CAST(2 AS BIGINT) AS branch_count,
  CAST(2 AS BIGINT) AS builder_count, CAST(1234 AS BIGINT) AS test_count, CAST(61 AS BIGINT) AS build_count,
  CAST(4321567 AS BIGINT) AS outcome_count, CAST(80 AS BIGINT) AS change_count, CAST(2 AS BIGINT) AS open_problem_count,
  CAST(1 AS BIGINT) AS open_incident_count, CAST('2026-09-22T08:00:00Z' AS TIMESTAMPTZ) AS first_built_at,
  CAST('2026-11-20T10:00:00Z' AS TIMESTAMPTZ) AS last_built_at;

CREATE TABLE mart.builder_health AS SELECT * FROM (VALUES
  ('demo', 'main', 'linux-unit', CAST(60 AS BIGINT), CAST(51 AS BIGINT), CAST(8 AS BIGINT), CAST(1 AS BIGINT), 0.85, CAST(160 AS BIGINT), 'failure', CAST(60 AS BIGINT), CAST('2026-11-20T10:00:00Z' AS TIMESTAMPTZ), 63000.0, CAST(2 AS BIGINT)),
  ('demo', 'main', '<i>windows</i>', 1, 1, 0, 0, 1.0, 161, 'success', 60, CAST('2026-11-20T09:00:00Z' AS TIMESTAMPTZ), 120000.0, 0))
  AS t(project, branch, builder, build_count, success_count, failure_count, exception_count, success_ratio, last_build_id, last_result, last_position, last_built_at, median_duration_ms, open_problem_count);

CREATE TABLE mart.build_summary AS SELECT CAST(100 + value AS BIGINT) AS build_id, 'demo' AS project, 'main' AS branch,
  'linux-unit' AS builder, CAST(value AS BIGINT) AS number, concat('c0ffee', lpad(CAST(value AS VARCHAR), 4, '0'), repeat('0', 30)) AS revision,
  CAST(value AS BIGINT) AS position, CASE WHEN value % 3 = 0 THEN 'Bob' ELSE 'Ada <b>Lovelace</b>' END AS author,
  CAST(CASE WHEN value % 3 = 0 THEN 12 ELSE 11 END AS BIGINT) AS person_id,
  CASE WHEN value = 58 THEN 'parser: read <script>alert(1)</script> as text' ELSE concat('step ', CAST(value AS VARCHAR)) END AS subject,
  CASE WHEN value >= 58 OR value BETWEEN 20 AND 25 THEN 'failure' WHEN value = 40 THEN 'exception' ELSE 'success' END AS result,
  CASE WHEN value >= 58 THEN 'step test: exit status 1' END AS reason, 'worker-1' AS worker,
  CASE WHEN value = 60 THEN 'javascript:alert(1)' END AS url,
  to_timestamp_seconds(1790064000 + 86400 * (value - 1)) AS started_at,
  to_timestamp_seconds(1790064063 + 86400 * (value - 1)) AS finished_at,
  63000.0 AS duration_ms, CAST(1234 AS BIGINT) AS outcome_count,
  CAST(1234 - CASE WHEN value >= 58 THEN 2 WHEN value = 40 THEN 900 ELSE 0 END AS BIGINT) AS passed_count,
  CAST(CASE WHEN value >= 58 THEN 2 WHEN value BETWEEN 20 AND 25 THEN 1 ELSE 0 END AS BIGINT) AS failed_count,
  CAST(0 AS BIGINT) AS skipped_count, CAST(CASE WHEN value = 58 THEN 2 ELSE 0 END AS BIGINT) AS opened_count,
  CAST(CASE WHEN value = 26 THEN 1 ELSE 0 END AS BIGINT) AS resolved_count, false AS is_patch, value = 40 AS is_excluded,
  CASE WHEN value = 40 THEN 'mass_failure' END AS exclusion_rule,
  CASE WHEN value = 40 THEN '900 of 1234 tests failed' END AS exclusion_detail
FROM generate_series(1, 60) AS g(value);

CREATE TABLE mart.test_grid AS SELECT 'demo' AS project, 'main' AS branch, 'linux-unit' AS builder,
  CAST(500 + s.value AS BIGINT) AS series_id, CAST(700 + s.value AS BIGINT) AS test_id,
  CASE WHEN s.value = 1 THEN 'parser' WHEN s.value = 2 THEN 'parser' ELSE 'net.http' END AS suite,
  CASE WHEN s.value = 1 THEN 'reads <script>alert(1)</script>' WHEN s.value = 2 THEN '=cmd|'' /C calc''!A0' WHEN s.value = 3 THEN 'retries' ELSE concat('steady_', CAST(s.value AS VARCHAR)) END AS name,
  CAST(g.value AS BIGINT) AS position, concat('c0ffee', lpad(CAST(g.value AS VARCHAR), 4, '0'), repeat('0', 30)) AS revision,
  CAST(100 + g.value AS BIGINT) AS build_id,
  CASE WHEN s.value <= 2 AND g.value >= 58 THEN 'fail' WHEN s.value = 1 AND g.value BETWEEN 20 AND 25 THEN 'fail'
       WHEN s.value = 3 AND g.value % 11 = 0 THEN 'flaky' WHEN s.value = 4 AND g.value < 30 THEN 'skip' ELSE 'pass' END AS verdict,
  12.5 * s.value + g.value % 7 AS duration_ms
FROM generate_series(1, 6) AS s(value) CROSS JOIN generate_series(1, 60) AS g(value)
WHERE g.value <> 40 AND NOT (s.value = 5 AND g.value % 2 = 0);

CREATE TABLE mart.test_history AS SELECT t.test_id, t.series_id, t.project, t.branch, t.builder,
  CASE WHEN t.test_id = 706 THEN 'step' ELSE 'test' END AS kind, t.suite, t.name,
  t.position, t.revision, t.build_id, t.position AS build_number,
  to_timestamp_seconds(1790064000 + 86400 * (t.position - 1)) AS committed_at,
  to_timestamp_seconds(1790064030 + 86400 * (t.position - 1)) AS started_at, CAST(1 AS BIGINT) AS attempt,
  CASE t.verdict WHEN 'fail' THEN CASE WHEN t.test_id = 702 THEN 'errored' ELSE 'failed' END WHEN 'skip' THEN 'skipped' WHEN 'flaky' THEN 'failed' ELSE 'passed' END AS outcome,
  CASE WHEN t.verdict = 'fail' AND t.test_id = 702 THEN 'timed_out' END AS error_kind, t.duration_ms,
  CAST(CASE WHEN t.verdict IN ('fail', 'flaky') THEN 900 END AS BIGINT) AS message_id,
  CASE WHEN t.verdict IN ('fail', 'flaky') THEN 'AssertionError: expected N, got <N>' END AS signature,
  CASE WHEN t.verdict IN ('fail', 'flaky') THEN concat('AssertionError: expected 3, got <4>', chr(10), '  at parser.rs:17', chr(10), '  </pre><script>alert(2)</script>') END AS message
FROM mart.test_grid t
UNION ALL SELECT 2000 + value, 3000 + value, 'demo', 'main', 'linux-unit', 'test', 'weather',
  CASE WHEN value > 900 THEN 'calm' ELSE concat('storm_', CAST(value AS VARCHAR)) END, 40,
  'c0ffee0040000000000000000000000000000000', 140, 40, to_timestamp_seconds(1793433600), to_timestamp_seconds(1793433630), 1,
  CASE WHEN value > 900 THEN 'passed' ELSE 'failed' END, NULL, 1.5, NULL, NULL, NULL
FROM generate_series(1, 901) AS g(value);

CREATE TABLE mart.streak AS
SELECT series_id, test_id, project, branch, builder, 'test' AS kind, suite, name, verdict,
  min(position) AS first_position, max(position) AS last_position
FROM mart.test_grid WHERE verdict IN ('fail', 'flaky') OR position = 60
GROUP BY series_id, test_id, project, branch, builder, suite, name, verdict
UNION ALL SELECT 501, 799, 'demo', 'gone', 'gone', 'test', 'old', 'forgotten', 'pass', 1, 1;

CREATE TABLE mart.problem AS SELECT * FROM (VALUES
  ('p-1', 'demo~feature/<i>~linux?x#1~58', CAST(501 AS BIGINT), CAST(701 AS BIGINT), 'demo', 'main', 'linux-unit', 'test', 'parser', 'reads <script>alert(1)</script>', 'open', 'regression', true, CAST('2026-11-18T08:00:00Z' AS TIMESTAMPTZ), CAST(58 AS BIGINT), 'c0ffee0058000000000000000000000000000000', CAST(158 AS BIGINT), CAST(56 AS BIGINT), 'c0ffee0056000000000000000000000000000000', CAST(77 AS BIGINT), CAST(2 AS BIGINT), CAST(60 AS BIGINT), CAST('2026-11-20T08:00:00Z' AS TIMESTAMPTZ), CAST(3 AS BIGINT), CAST(0 AS BIGINT), CAST(NULL AS TIMESTAMPTZ), CAST(NULL AS BIGINT), CAST(NULL AS VARCHAR), CAST(NULL AS BIGINT), 3.17, CAST(NULL AS DOUBLE), CAST(900 AS BIGINT), 'AssertionError: expected N, got <N>', concat('AssertionError: expected 3, got <4>', chr(10), '  </pre><script>alert(2)</script>'), false, true, CAST(11 AS BIGINT)),
  ('p-2', 'demo~feature/<i>~linux?x#1~58', 502, 702, 'demo', 'main', 'linux-unit', 'test', 'parser', '=cmd|'' /C calc''!A0', 'open', 'regression', false, CAST('2026-11-18T08:00:00Z' AS TIMESTAMPTZ), 58, 'c0ffee0058000000000000000000000000000000', 158, 56, 'c0ffee0056000000000000000000000000000000', 77, 2, 60, CAST('2026-11-20T08:00:00Z' AS TIMESTAMPTZ), 3, 0, NULL, NULL, NULL, NULL, 3.17, NULL, 900, 'timed out', 'timed out after 60 s', true, false, NULL),
  ('p-3', '32', 501, 701, 'demo', 'main', 'linux-unit', 'test', 'parser', 'reads <script>alert(1)</script>', 'resolved', 'regression', false, CAST('2026-10-11T08:00:00Z' AS TIMESTAMPTZ), 20, 'c0ffee0020000000000000000000000000000000', 120, 19, 'c0ffee0019000000000000000000000000000000', 78, 1, 25, CAST('2026-10-16T08:00:00Z' AS TIMESTAMPTZ), 6, 1, CAST('2026-10-17T08:00:00Z' AS TIMESTAMPTZ), 26, 'c0ffee0026000000000000000000000000000000', 126, 6.0, 144.0, 900, 'AssertionError', 'AssertionError', false, false, NULL),
  ('p-4', '33', 504, 704, 'demo', 'main', 'linux-unit', 'test', 'net.http', 'steady_4', 'vanished', 'born_failing', false, CAST('2026-09-22T08:00:00Z' AS TIMESTAMPTZ), 1, 'c0ffee0001000000000000000000000000000000', 101, NULL, NULL, NULL, NULL, 5, CAST('2026-09-27T08:00:00Z' AS TIMESTAMPTZ), 5, 0, NULL, NULL, NULL, NULL, 60.1, NULL, NULL, NULL, NULL, false, false, NULL))
  AS t(problem_id, incident_id, series_id, test_id, project, branch, builder, kind, suite, name, state, origin, is_reopened, opened_at, opened_position, opened_revision, opened_build_id, good_position, good_revision, range_id, change_count, last_failed_position, last_failed_at, failed_position_count, flaky_count, resolved_at, resolved_position, resolved_revision, resolved_build_id, age_days, hours_to_resolve, message_id, signature, message, is_muted, is_acknowledged, assigned_person_id);

CREATE TABLE mart.problem_event AS SELECT *, CAST(501 AS BIGINT) AS series_id FROM (VALUES
  ('p-1', CAST('2026-11-18T08:00:00Z' AS TIMESTAMPTZ), CAST(58 AS BIGINT), 'c0ffee0058000000000000000000000000000000', CAST(158 AS BIGINT), 'opened', 'failed after 37 passes'),
  ('p-1', CAST('2026-11-19T08:00:00Z' AS TIMESTAMPTZ), 58, 'c0ffee0058000000000000000000000000000000', NULL, 'range_changed', 'from 5 changes to 2'),
  ('p-1', CAST('2026-11-19T09:00:00Z' AS TIMESTAMPTZ), 58, 'c0ffee0058000000000000000000000000000000', NULL, 'note', 'Ada: "mine" <img src=x>'))
  AS t(problem_id, at, position, revision, build_id, event, detail);

CREATE TABLE mart.blamelist AS SELECT * FROM (VALUES
  ('p-1', CAST(77 AS BIGINT), CAST(1 AS BIGINT), 'c0ffee0058000000000000000000000000000000', CAST(21 AS BIGINT), CAST(11 AS BIGINT), 'Ada <b>Lovelace</b>', 'core', false, false, 'parser: read <script>alert(1)</script> as text', CAST('2026-11-18T07:00:00Z' AS TIMESTAMPTZ), CAST(3 AS BIGINT), CAST(40 AS BIGINT), CAST(2 AS BIGINT)),
  ('p-1', 77, 2, 'c0ffee0057000000000000000000000000000000', 22, 12, 'Bob', NULL, false, true, 'Merge docs', CAST('2026-11-17T07:00:00Z' AS TIMESTAMPTZ), 1, 0, 0))
  AS t(problem_id, range_id, ordinal, revision, author_id, person_id, author, team, is_bot, is_merge, subject, committed_at, file_count, lines_added, lines_removed);

CREATE TABLE mart.suspect AS SELECT *, 'demo' AS project, 'open' AS state FROM (VALUES
  ('p-1', CAST(1 AS BIGINT), 'c0ffee0058000000000000000000000000000000', CAST(11 AS BIGINT), 'Ada <b>Lovelace</b>', 'parser: read <script>alert(1)</script> as text', 0.9, 'touches parser.rs, which the failure names', 'prior', '1'),
  ('p-1', 2, 'c0ffee0057000000000000000000000000000000', 12, 'Bob', 'Merge docs', 0.1, 'only documentation', 'prior', '1'))
  AS t(problem_id, rank, revision, person_id, author, subject, suspicion, evidence, rule, rule_version);

CREATE TABLE mart.change_problem AS SELECT * FROM (VALUES
  ('demo', 'c0ffee0058000000000000000000000000000000', 'p-1', 'main', 'linux-unit', 'core', 'parse <i>it</i>', 'open', CAST(1 AS BIGINT), 0.9, 'touches parser.rs, which the failure names'))
  AS t(project, revision, problem_id, branch, builder, suite, name, state, rank, suspicion, evidence);

CREATE TABLE mart.suspect_evidence AS SELECT * FROM (VALUES
  ('p-1', 'c0ffee0058000000000000000000000000000000', 'file_named', 2.5, 'parser.rs:17 stands in the failing text'),
  ('p-1', 'c0ffee0058000000000000000000000000000000', 'lines', 0.4, '42 lines changed'))
  AS t(problem_id, revision, evidence, weight, detail);

CREATE TABLE mart.nobody_evidence AS SELECT * FROM (VALUES
  ('p-1', CAST(1 AS BIGINT), 'failures', 0.5, 'failed at 1 positions', 0.1),
  ('p-1', 3, 'worker', 2.25, 'the worker <img src=x onerror=alert(1)> had 30% of the lonely failures', 0.1))
  AS t(problem_id, place, evidence, factor, detail, probability);

CREATE TABLE mart.bisection AS SELECT * FROM (VALUES
  ('p-1', CAST('2026-11-19T10:00:00Z' AS TIMESTAMPTZ), CAST('2026-11-19T10:20:00Z' AS TIMESTAMPTZ), true, 'culprit', 'c0ffee0058000000000000000000000000000000', CAST(2 AS BIGINT), CAST(7 AS BIGINT), CAST(1 AS BIGINT), CAST(9 AS BIGINT)),
  ('p-1', CAST('2026-11-19T09:00:00Z' AS TIMESTAMPTZ), CAST('2026-11-19T09:20:00Z' AS TIMESTAMPTZ), false, 'interrupted', NULL, 2, 2, 1, 2))
  AS t(problem_id, begun_at, ended_at, is_automatic, finding, revision, suspect_count, build_count, plain_build_count, round_build_count);

CREATE TABLE step.incident_member AS SELECT * FROM (VALUES
  ('p-1', 'demo~main~56-58', 'demo~feature/<i>~linux?x#1~58', 'joins'), ('p-3', '32', '32', 'range'),
  ('p-5', 'gone/<i>', 'demo~feature/<i>~linux?x#1~58', 'joins'))
  AS t(problem_id, range_incident_id, incident_id, rule);

CREATE TABLE step.episode AS SELECT 'demo~main~56-58' AS incident_id, CAST(56 AS BIGINT) AS good_position,
  CAST(58 AS BIGINT) AS opened_position, CAST(NULL AS BIGINT) AS resolved_position;

CREATE TABLE mart.incident_note AS SELECT 'demo~feature/<i>~linux?x#1~58' AS incident_id, 'gone/<i>' AS range_incident_id,
  'p-2' AS problem_id, 'linux-unit' AS builder, 'parser' AS suite, name, rule
  FROM (VALUES ('<b>by</b>', 'joins'), ('late', 'overlap')) AS t(name, rule);

CREATE TABLE mart.recurrence AS SELECT 'demo~feature/<i>~linux?x#1~58' AS incident_id, 'demo' AS project, 'main' AS branch,
  CAST('2026-11-18T08:00:00Z' AS TIMESTAMPTZ) AS opened_at, '32' AS earlier_incident_id,
  CAST('2026-10-17T08:00:00Z' AS TIMESTAMPTZ) AS earlier_resolved_at, 'same_words' AS why, CAST(2 AS BIGINT) AS problem_count;

CREATE TABLE mart.degradation AS SELECT CAST(703 AS BIGINT) AS test_id, 'net.http' AS suite, 'retries <script>' AS name,
  'demo' AS project, 'main' AS branch, 'linux-unit' AS builder, 'open' AS state, CAST('2026-11-01T08:00:00Z' AS TIMESTAMPTZ) AS opened_at,
  CAST(41 AS BIGINT) AS opened_position, 'c0ffee0041000000000000000000000000000000' AS opened_revision, CAST(4 AS BIGINT) AS position_span,
  0.01 AS rate_before, 0.2 AS rate_behind;

CREATE TABLE mart.duration_regression AS SELECT * FROM (VALUES
  (CAST(703 AS BIGINT), 'net.http', 'retries', 'demo', 'main', 'linux-unit', 'open', CAST('2026-11-01T08:00:00Z' AS TIMESTAMPTZ), CAST(41 AS BIGINT), 'c0ffee0041000000000000000000000000000000', 40.0, 130.0, 3.25),
  (703, 'net.http', 'elsewhere', 'demo', 'main', '<i>windows</i>', 'resolved', CAST('2026-10-01T08:00:00Z' AS TIMESTAMPTZ), 10, 'c0ffee0010000000000000000000000000000000', 40.0, 80.0, 2.0))
  AS t(test_id, suite, name, project, branch, builder, state, at, position, revision, before_ms, behind_ms, ratio);

CREATE TABLE mart.readiness AS SELECT * FROM (VALUES
  ('demo', 'main', 'linux-unit', 'parser', 'ready', CAST(5 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(1 AS BIGINT), CAST(0 AS BIGINT), 0.02, 0.0, NULL),
  ('demo', 'main', 'linux-unit', 'net.http', 'extreme', 3, 1, 0, 0, 0, 0.01, 0.4, 'retries <b>by</b>'))
  AS t(project, branch, builder, suite, status, test_count, regressed_count, new_failing_count, improved_count, vanished_count, base_rate, sample_rate, worst_test);

CREATE TABLE mart.rename_suggestion AS SELECT 'demo' AS project, 'main' AS branch, 'linux-unit' AS builder, 'parser' AS suite,
  'reads_all' AS name, CAST(30 AS BIGINT) AS first_position, '1f' AS old_id, 'parser' AS old_suite, 'reads_<b>by</b>' AS old_name,
  0.81 AS similarity, false AS is_confirmed;

CREATE TABLE mart.suspicion_quality AS SELECT 'demo' AS project, CAST('2026-10-01' AS DATE) AS month, CAST(8 AS BIGINT) AS judged_count,
  0.75 AS rank1_ratio, 1.0 AS rank3_ratio, 0.62 AS log_loss, CAST(1 AS BIGINT) AS false_blame_count;

CREATE TABLE mart.suspicion_reliability AS SELECT 'demo' AS project, 0.1 * value AS low, 0.1 * value + 0.1 AS high,
  CAST(40 - 3 * value AS BIGINT) AS suspect_count, 0.1 * value + 0.05 AS mean_suspicion, CAST(value AS BIGINT) AS right_count,
  0.09 * value AS right_ratio FROM generate_series(0, 9) AS g(value);

CREATE TABLE mart.window_comparison AS SELECT * FROM (VALUES
  ('regressed', 'demo', 'main', 'linux-unit', CAST(703 AS BIGINT), 'net.http', 'retries <script>', CAST(98 AS BIGINT), CAST(2 AS BIGINT), CAST(10 AS BIGINT), CAST(10 AS BIGINT), 0.02, 0.5, 0.0001, 0.004),
  ('same', 'demo', 'main', 'linux-unit', 701, 'parser', 'reads', 100, 0, 20, 0, 0.0, 0.0, NULL, NULL))
  AS t(status, project, branch, builder, test_id, suite, name, base_passed, base_failed, sample_passed, sample_failed, base_rate, sample_rate, p_value, q_value);

CREATE TABLE mart.tests_to_rerun AS SELECT 'demo' AS project, 'c0ffee0058000000000000000000000000000000' AS revision,
  CAST(1 AS BIGINT) AS rank, CAST(703 AS BIGINT) AS test_id, 'net.http' AS suite, 'retries' AS name, 0.34 AS share, -1.5 AS score;

CREATE TABLE step.authored AS SELECT * FROM (VALUES
  ('demo', 'c0ffee0058000000000000000000000000000000', CAST(11 AS BIGINT), 'Ada <b>Lovelace</b>', false, false, 'parser: read <script>alert(1)</script> as text', 'parser: read <script>alert(1)</script> as text, and <img src=x>', CAST('2026-11-18T07:00:00Z' AS TIMESTAMPTZ), CAST(3 AS BIGINT)),
  ('demo', 'c0ffee0057000000000000000000000000000000', 12, 'Bob', false, true, 'Merge docs', 'Merge docs', CAST('2026-11-17T07:00:00Z' AS TIMESTAMPTZ), 1))
  AS t(project, revision, person_id, author, is_bot, is_merge, subject, message, committed_at, file_count);

CREATE TABLE mart.guilty AS SELECT 'p-1' AS problem_id, CAST(11 AS BIGINT) AS person_id,
  'Ada <b>Lovelace</b>' AS author, 'c0ffee0058000000000000000000000000000000' AS revision, 0.9 AS suspicion,
  0.5 AS threshold, 'prior' AS rule, '1' AS rule_version, 'touches parser.rs' AS evidence;

CREATE TABLE mart.responsible AS SELECT * FROM (VALUES ('p-1', CAST(11 AS BIGINT), 'Ada <b>Lovelace</b>', 'guilty'),
  ('p-1', 12, 'Bob', 'owner')) AS t(problem_id, person_id, author, why);

CREATE TABLE mart.incident AS SELECT *, problem_count AS test_count FROM (VALUES
  ('demo~feature/<i>~linux?x#1~58', 'demo', 'main', 'linux-unit', 'open', '2 tests of parser, first: reads <script>alert(1)</script>', 'regression', CAST('2026-11-18T08:00:00Z' AS TIMESTAMPTZ), CAST(58 AS BIGINT), 'c0ffee0058000000000000000000000000000000', CAST(158 AS BIGINT), 'c0ffee0056000000000000000000000000000000', CAST(77 AS BIGINT), CAST(2 AS BIGINT), CAST(2 AS BIGINT), CAST(2 AS BIGINT), CAST(NULL AS TIMESTAMPTZ), CAST(NULL AS VARCHAR), 'AssertionError: expected N, got <N>', concat('AssertionError: expected 3, got <4>', chr(10), '  </pre><script>alert(2)</script>'), 'p-1'),
  ('32', 'demo', 'main', 'linux-unit', 'resolved', 'reads', 'regression', CAST('2026-10-11T08:00:00Z' AS TIMESTAMPTZ), 20, 'c0ffee0020000000000000000000000000000000', 120, 'c0ffee0019000000000000000000000000000000', 78, 1, 1, 0, CAST('2026-10-17T08:00:00Z' AS TIMESTAMPTZ), 'c0ffee0026000000000000000000000000000000', 'AssertionError', 'AssertionError', 'p-3'))
  AS t(incident_id, project, branch, builder, state, title, kind, opened_at, opened_position, opened_revision, opened_build_id, good_revision, range_id, change_count, problem_count, open_count, resolved_at, resolved_revision, signature, message, main_problem_id);

CREATE TABLE mart.incident_test AS SELECT incident_id, test_id, kind, suite, name, builder, state, problem_id FROM mart.problem;

CREATE TABLE mart.flaky_test AS SELECT CAST(503 AS BIGINT) AS series_id, CAST(703 AS BIGINT) AS test_id, 'demo' AS project, 'main' AS branch,
  'linux-unit' AS builder, 'net.http' AS suite, 'retries' AS name, CAST(59 AS BIGINT) AS position_count, CAST(5 AS BIGINT) AS flaky_position_count,
  CAST(10 AS BIGINT) AS flip_count, 0.17 AS flip_rate, 0.08 AS failed_ratio, CAST('2026-11-15T08:00:00Z' AS TIMESTAMPTZ) AS last_flaky_at, 'same_revision' AS rule;

CREATE TABLE mart.test_duration AS SELECT CAST(703 AS BIGINT) AS test_id, 'demo' AS project, 'main' AS branch, 'linux-unit' AS builder,
  'net.http' AS suite, 'retries' AS name, CAST(59 AS BIGINT) AS run_count, 37.5 AS median_ms, 43.0 AS p95_ms, 43.5 AS max_ms, 2400.0 AS total_ms;

CREATE TABLE mart.slow_test AS SELECT *, 0.31 AS share_ratio FROM mart.test_duration;

CREATE TABLE mart.branch_day AS SELECT 'demo' AS project, 'main' AS branch, CAST(to_timestamp_seconds(1790035200 + 86400 * (value - 1)) AS DATE) AS day,
  CAST(1 AS BIGINT) AS build_count, CAST(1234 AS BIGINT) AS outcome_count,
  CAST(1234 - value % 5 - CASE WHEN value BETWEEN 20 AND 25 THEN 30 ELSE 0 END AS BIGINT) AS passed_count,
  CAST(value % 5 + CASE WHEN value BETWEEN 20 AND 25 THEN 30 ELSE 0 END AS BIGINT) AS failed_count, CAST(0 AS BIGINT) AS skipped_count,
  (1234 - value % 5 - CASE WHEN value BETWEEN 20 AND 25 THEN 30 ELSE 0 END) / 1234.0 AS passed_ratio,
  CAST(CASE WHEN value % 9 = 0 THEN 2 ELSE 0 END AS BIGINT) AS opened_count, CAST(CASE WHEN value % 9 = 4 THEN 1 ELSE 0 END AS BIGINT) AS resolved_count,
  CAST(value / 9 + CASE WHEN value % 9 < 4 THEN 1 ELSE 0 END AS BIGINT) AS open_count
FROM generate_series(1, 60) AS g(value);

CREATE TABLE mart.time_to_fix AS SELECT 'demo' AS project, 'main' AS branch, 'linux-unit' AS builder, concat('p-', CAST(value AS VARCHAR)) AS problem_id,
  to_timestamp_seconds(1790064000 + 86400 * (value * 2)) AS resolved_at,
  0.5 * value * value + (value * 37) % 11 AS hours_to_resolve
FROM generate_series(1, 28) AS g(value);

CREATE TABLE mart.author_total AS SELECT * FROM (VALUES
  (CAST(11 AS BIGINT), 'Ada <b>Lovelace</b>', 'core', 'demo', CAST(40 AS BIGINT), CAST(3 AS BIGINT), CAST(38 AS BIGINT), CAST(36 AS BIGINT), 0.947, CAST(2 AS BIGINT), CAST(1 AS BIGINT), CAST(1 AS BIGINT), 6.5, CAST(1200 AS BIGINT), CAST(300 AS BIGINT), CAST(900 AS BIGINT), CAST(10 AS BIGINT), CAST(17 AS BIGINT)),
  (12, 'Bob', NULL, 'demo', 20, 0, 0, 0, NULL, 0, 0, 0, NULL, 100, 20, 0, 0, 0))
  AS t(person_id, author, team, project, change_count, merge_count, tested_change_count, green_change_count, green_ratio, problem_caused_count, problem_fixed_count, still_open_count, median_hours_to_fix, lines_added, lines_removed, merge_lines_added, merge_lines_removed, test_added_count);

CREATE TABLE mart.author AS SELECT person_id, author FROM mart.author_total;

CREATE TABLE mart.author_stats AS SELECT t.person_id, t.author, t.team, t.project, CAST(to_timestamp_seconds(1789948800 + 86400 * (7 * (g.value - 1))) AS DATE) AS week,
  CAST(3 + g.value % 4 AS BIGINT) AS change_count, CAST(0 AS BIGINT) AS merge_count, CAST(2 + g.value % 4 AS BIGINT) AS tested_change_count,
  CAST(1 + g.value % 4 AS BIGINT) AS green_change_count, 0.8 AS green_ratio, CAST(0 AS BIGINT) AS problem_caused_count, CAST(0 AS BIGINT) AS problem_fixed_count,
  CAST(0 AS BIGINT) AS still_open_count, CAST(NULL AS DOUBLE) AS median_hours_to_fix, CAST(100 AS BIGINT) AS lines_added, CAST(20 AS BIGINT) AS lines_removed,
  CAST(0 AS BIGINT) AS merge_lines_added, CAST(0 AS BIGINT) AS merge_lines_removed, CAST(1 AS BIGINT) AS test_added_count
FROM mart.author_total t CROSS JOIN generate_series(1, 9) AS g(value);

CREATE TABLE mart.author_problem AS SELECT * FROM (VALUES
  (CAST(11 AS BIGINT), 'Ada <b>Lovelace</b>', 'p-1', 'guilty', 0.9, 'demo', 'main', 'linux-unit', 'parser', 'reads <script>alert(1)</script>', 'open', CAST('2026-11-18T08:00:00Z' AS TIMESTAMPTZ), CAST(NULL AS TIMESTAMPTZ)))
  AS t(person_id, author, problem_id, role, suspicion, project, branch, builder, suite, name, state, opened_at, resolved_at);

CREATE TABLE mart.author_change AS SELECT * FROM (VALUES
  (CAST(11 AS BIGINT), 'demo', 'c0ffee0058000000000000000000000000000000', CAST('2026-11-18T07:00:00Z' AS TIMESTAMPTZ), 'parser: read <script>alert(1)</script> as text', false, true, false, CAST(3 AS BIGINT), CAST(40 AS BIGINT), CAST(2 AS BIGINT)),
  (11, 'demo', 'c0ffee0055000000000000000000000000000000', CAST('2026-11-15T07:00:00Z' AS TIMESTAMPTZ), 'tidy', false, true, true, 1, 4, 2),
  (11, 'demo', 'c0ffee0054000000000000000000000000000000', CAST('2026-11-14T07:00:00Z' AS TIMESTAMPTZ), 'docs', true, false, false, 1, 4, 2))
  AS t(person_id, project, revision, committed_at, subject, is_merge, is_tested, is_green, file_count, lines_added, lines_removed);

CREATE TABLE system.view AS SELECT * FROM (VALUES
  ('mart', 'problem', 'Problems: failing streaks seen as cases', 'one row per problem', concat('-- Problems', chr(10), 'SELECT 1 < 2')),
  ('mart', 'store_overview', 'How much there is', 'store', 'SELECT 1'),
  ('step', 'verdict', 'Verdicts <b>by</b> position', 'series and position', 'SELECT 1'),
  ('raw', 'build', 'Builds', 'build', '')) AS t(layer, name, title, grain, text);

CREATE TABLE system.column AS SELECT * FROM (VALUES
  ('mart', 'problem', 'problem_id', 'Int64', 'hash of the series and its first failing position'),
  ('mart', 'problem', 'state', 'Utf8', 'open, resolved or vanished'),
  ('raw', 'build', 'build_id', 'Int64', 'hash of project & key')) AS t(layer, view, name, type, doc);
