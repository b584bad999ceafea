-- Starts many deliveries again, one after the other, at a rate. Each gets a time, so no process has to keep running for the replay.
-- ARGV: prefix, time, hand-over ms, replay id, ms between two, then delivery ids. A known replay continues after its last delivery.
-- Returns the result of again.lua for each.
--!include time
--!include recovery
--!include again
local hand, replay, interval = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local key = p .. 'replay:' .. replay
local at = math.max(tonumber(redis.call('HGET', key, 'until') or 0), now)
local count, answer = 0, {}
for i = 6, #ARGV do
  local result = again(p, ARGV[i], now, at, hand)
  if result == 'queued' or result == 'planned' then
    redis.call('HSET', p .. 'delivery:' .. ARGV[i], 'replay', replay)
    at, count = at + interval, count + 1
  end
  answer[#answer + 1] = result
end
redis.call('HINCRBY', key, 'count', count)
redis.call('HSET', key, 'until', at)
redis.call('EXPIRE', key, REPLAY_KEPT_S)
return answer
