-- The tables of subunit2sql as its newest migration leaves them, without indexes; two runs.
CREATE TABLE runs (uuid TEXT, id INTEGER, skips INTEGER, fails INTEGER, passes INTEGER, run_time REAL, artifacts TEXT, run_at DATETIME);
CREATE TABLE run_metadata (id INTEGER, key TEXT, value TEXT, run_id INTEGER);
CREATE TABLE tests (id INTEGER, test_id TEXT, run_count INTEGER, success INTEGER, failure INTEGER, run_time REAL);
CREATE TABLE test_runs (id INTEGER, test_id INTEGER, run_id INTEGER, status TEXT, start_time DATETIME,
                        start_time_microsecond INTEGER, stop_time DATETIME, stop_time_microsecond INTEGER);
INSERT INTO runs VALUES ('u1', 1, 0, 0, 2, 1.5, NULL, '2026-01-01 10:00:00'), ('u2', 2, 0, 1, 1, 1.5, NULL, '2026-01-02 10:00:00');
INSERT INTO run_metadata VALUES (1, 'revision', '{first}', 1), (2, 'build_name', 'gate-unit', 1),
                                (3, 'revision', '{second}', 2), (4, 'build_name', 'gate-unit', 2);
INSERT INTO tests VALUES (1, 'a.b.Reading.test_reads', 2, 2, 0, 1.0), (2, 'a.b.Writing.test_writes', 2, 1, 1, 1.0);
INSERT INTO test_runs VALUES (1, 1, 1, 'success', '2026-01-01 10:00:00', 500000, '2026-01-01 10:00:02', 250000),
                             (2, 2, 1, 'uxsuccess', '2026-01-01 10:00:00', 0, '2026-01-01 10:00:01', 0),
                             (3, 1, 2, 'success', '2026-01-02 10:00:00', 0, '2026-01-02 10:00:01', 0),
                             (4, 2, 2, 'fail', '2026-01-02 10:00:00', 0, '2026-01-02 10:00:01', 0),
                             (5, 2, 2, 'inprogress', '2026-01-02 10:00:00', 0, NULL, 0);
