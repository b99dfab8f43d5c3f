-- A head that means nothing
-- Schedule: sometimes
SELECT 1
