-- What speaks for and against each change that may have broken or mended a test, in figures
-- Computed by `judge.clue` from names, paths, messages and failure texts; a figure is 0 where it does not apply. Half
-- of a figure is the test's own, half the mean of all problems with the same range: what else broke there speaks, too.
-- What each figure is stands in step.evidence_weight.
-- Grain: one row per problem, turn and change of its range
-- problem_id: the problem: series and opening position
-- turn: break for a change of the blamelist; fix for one between the last failure and the first pass behind
-- ordinal: place in the range, 1 is the newest change
-- revision: commit id
-- path_match: words that the test and the change's paths share; null where there are none
-- subject_match: words that the test and the change's subject share; null where there are none
-- identifier_match: the rarest identifiers that the failing text and the changed lines share; null where there are none
-- named_file: a file of the change that the failing text names; null where it names none
-- like_file: a file of the change after which the test is named; null where there is none
-- acquitted: what other builders said inside the range that speaks against its guilt; null where nothing does
-- path_words: figure of the evidence of this name
-- path_rare: figure of the evidence of this name
-- subject_words: figure of the evidence of this name
-- subject_rare: figure of the evidence of this name
-- message_words: figure of the evidence of this name
-- failure_words: figure of the evidence of this name
-- file_in_message: figure of the evidence of this name
-- file_like_test: figure of the evidence of this name
-- file_count: figure of the evidence of this name
-- line_count: figure of the evidence of this name
-- focus: figure of the evidence of this name
-- matched_files: figure of the evidence of this name
-- no_code: figure of the evidence of this name
-- no_file: figure of the evidence of this name
-- dependency: figure of the evidence of this name
-- robot: figure of the evidence of this name
-- bump: figure of the evidence of this name
-- revert: figure of the evidence of this name
-- housekeeping: figure of the evidence of this name
-- touches_test: figure of the evidence of this name
-- symbol_in_message: figure of the evidence of this name
-- broke_before: figure of the evidence of this name
-- together_before: figure of the evidence of this name
-- builder_words: figure of the evidence of this name
-- elsewhere: figure of the evidence of this name
-- author_record: figure of the evidence of this name
-- line_words: figure of the evidence of this name
-- failure_line_words: figure of the evidence of this name
-- identifier_in_message: figure of the evidence of this name
-- breaking: figure of the evidence of this name
SELECT
    problem_id, turn, ordinal, revision, path_match, subject_match, identifier_match, named_file, like_file, acquitted,
    path_words, path_rare, subject_words, subject_rare, message_words, failure_words,
    file_in_message, file_like_test, file_count, line_count, focus, matched_files,
    no_code, no_file, dependency, robot, bump, revert,
    housekeeping, touches_test, symbol_in_message, broke_before, together_before, builder_words,
    elsewhere, author_record, line_words, failure_line_words, identifier_in_message, breaking
FROM judge.clue
