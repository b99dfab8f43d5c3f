-- Whoever was told of an incident is known by its main problem, too: the incident's own name holds its range, which late
-- builds narrow.
ALTER TABLE outbox ADD COLUMN problem_id TEXT;

-- Mail is given up after some days, or at once where no later try would help; what had used up its tries is given up
-- already.
ALTER TABLE outbox ADD COLUMN given_up_at INTEGER;
CREATE INDEX delivery_of_outbox ON delivery (outbox_id);
UPDATE outbox SET given_up_at = (SELECT max(tried_at) FROM delivery WHERE delivery.outbox_id = outbox.outbox_id)
WHERE delivered_at IS NULL AND (SELECT count(*) FROM delivery WHERE delivery.outbox_id = outbox.outbox_id) >= 20;
