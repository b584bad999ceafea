-- Queues a finished delivery again; one that is waiting for its time starts at once.
-- ARGV: prefix, time, delivery id, hand-over ms. Returns 'queued', 'gone', 'foreign' or 'running'.
--!include time
--!include recovery
--!include again
return again(p, ARGV[3], now, now, tonumber(ARGV[4]))
