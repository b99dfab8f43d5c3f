-- Whoever was told of an incident is known by its main problem, too: the incident's own name holds its range, which late
-- builds narrow.
ALTER TABLE outbox ADD COLUMN problem_id TEXT;

-- Mail is given up after some days, or at once where no later try would help; what had used up its tries is given up
-- already.
ALTER TABLE outbox ADD COLUMN given_up_at INTEGER;
CREATE INDEX delivery_of_outbox ON delivery (outbox_id);
UPDATE outbox SET given_up_at = (SELECT max(tried_at) FROM delivery WHERE delivery.outbox_id = outbox.outbox_id)
WHERE delivered_at IS NULL AND (SELECT count(*) FROM delivery WHERE delivery.outbox_id = outbox.outbox_id) >= 20;

-- Names are public, addresses are not.
UPDATE person SET name = substr(name, 1, instr(name, '@') - 1)
WHERE instr(name, '@') > 1 AND EXISTS (
    SELECT 1 FROM identity AS i WHERE i.person_id = person.person_id AND i.email = person.name AND i.name = i.email
);
UPDATE identity SET name = substr(name, 1, instr(name, '@') - 1) WHERE name = email AND instr(name, '@') > 1;
