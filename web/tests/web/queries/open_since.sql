-- Open since some days <b>
-- Parameter: days double = 2: how many days
-- Owner: ada@example.org
-- Alert: rows > 0
-- Mail: ada@example.org
SELECT project, name, age_days FROM problem WHERE state = 'open' AND age_days > $days ORDER BY name
