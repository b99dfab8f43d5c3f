-- The tables of Buildbot 4 that the queries read, without keys and indexes; two builds, a third one still running.
CREATE TABLE builders (id INTEGER, name TEXT);
CREATE TABLE workers (id INTEGER, name TEXT);
CREATE TABLE sourcestamps (id INTEGER, branch TEXT, revision TEXT, patchid INTEGER, codebase TEXT);
CREATE TABLE buildset_sourcestamps (id INTEGER, buildsetid INTEGER, sourcestampid INTEGER);
CREATE TABLE buildrequests (id INTEGER, buildsetid INTEGER, builderid INTEGER);
CREATE TABLE builds (id INTEGER, number INTEGER, builderid INTEGER, buildrequestid INTEGER, workerid INTEGER,
                     started_at INTEGER, complete_at INTEGER, results INTEGER);
CREATE TABLE build_properties (buildid INTEGER, name TEXT, value TEXT, source TEXT);
CREATE TABLE steps (id INTEGER, number INTEGER, name TEXT, buildid INTEGER, started_at INTEGER, complete_at INTEGER,
                    state_string TEXT, results INTEGER);
CREATE TABLE test_result_sets (id INTEGER, builderid INTEGER, buildid INTEGER, stepid INTEGER, description TEXT,
                               category TEXT, value_unit TEXT);
CREATE TABLE test_results (id INTEGER, builderid INTEGER, test_result_setid INTEGER, test_nameid INTEGER,
                           test_code_pathid INTEGER, line INTEGER, duration_ns INTEGER, value TEXT);
CREATE TABLE test_names (id INTEGER, builderid INTEGER, name TEXT);
CREATE TABLE test_code_paths (id INTEGER, builderid INTEGER, path TEXT);
INSERT INTO builders VALUES (1, 'linux');
INSERT INTO workers VALUES (1, 'w1');
INSERT INTO sourcestamps VALUES (1, 'main', '{first}', NULL, ''), (2, 'main', NULL, NULL, '');
INSERT INTO buildset_sourcestamps VALUES (1, 1, 1), (2, 2, 2);
INSERT INTO buildrequests VALUES (1, 1, 1), (2, 2, 1);
INSERT INTO builds VALUES (1, 1, 1, 1, 1, 1767261600, 1767261660, 0), (2, 2, 1, 2, NULL, 1767348000, 1767348060, 2),
                          (3, 3, 1, 2, 1, 1767348100, NULL, NULL);
INSERT INTO build_properties VALUES (2, 'got_revision', '"{second}"', 'Git');
INSERT INTO steps VALUES (1, 0, 'compile', 1, 1767261600, 1767261601, 'finished', 0),
                         (2, 1, 'test', 1, 1767261601, 1767261602, 'finished', 0),
                         (3, 0, 'compile', 2, 1767348000, 1767348001, 'finished', 1),
                         (4, 1, 'test', 2, 1767348001, 1767348002, 'failed, "1" of 2', 2),
                         (5, 2, 'lint', 2, 1767348002, 1767348002, 'broken, alas', 4);
INSERT INTO test_result_sets VALUES (1, 1, 1, 2, 'unit', 'pass_fail', 'boolean'), (2, 1, 2, 4, 'unit', 'pass_fail', 'boolean'),
                                    (3, 1, 2, 4, 'style', 'fail_only', 'message');
INSERT INTO test_names VALUES (1, 1, 'reads'), (2, 1, 'writes');
INSERT INTO test_code_paths VALUES (1, 1, 'src/io.c');
INSERT INTO test_results VALUES (1, 1, 1, 1, NULL, NULL, 2000000, '1'), (2, 1, 1, 2, NULL, NULL, NULL, '1'),
                                (3, 1, 2, 1, NULL, NULL, NULL, '1'), (4, 1, 2, 2, 1, 7, NULL, '0'),
                                (5, 1, 3, 2, NULL, NULL, NULL, 'too long');
