-- Mail is given up after some days, or at once where no later try would help; what had used up its tries is given up
-- already.
ALTER TABLE outbox ADD COLUMN given_up_at INTEGER;
CREATE INDEX delivery_of_outbox ON delivery (outbox_id);
UPDATE outbox SET given_up_at = (SELECT max(tried_at) FROM delivery WHERE delivery.outbox_id = outbox.outbox_id)
WHERE delivered_at IS NULL AND (SELECT count(*) FROM delivery WHERE delivery.outbox_id = outbox.outbox_id) >= 20;
