-- Records the outcome of an attempt, and starts the next delivery of the line.
-- ARGV: prefix, time, delivery id, connector, token, new state, delay ms (retrying), conditions as JSON [[destination, condition], …],
-- the destination whose next success may bring this delivery back ('': none), after how many ms, then fields and values; a field
-- 'count:…' is added to a counter, a field 'last:…' is the last known state of a destination. A condition is 'up', 'answers', 'down', 'down:<ms>', 'quota', 'busy:<ms>', or ''
-- when the attempt shows nothing about that destination; <ms>: the pause that the destination asked for.
-- Returns {'settled', next delivery id or '', destination, 'opened' | 'closed', …} (breakers that changed) or {'lost'}.
--!include time
--!include recovery
--!include hours
--!include again
--!include finish
local id, connector, token, state, delay = ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local key, due = p .. 'delivery:' .. id, p .. 'due'
local d = redis.call('HMGET', key, 'state', 'token', 'entity')
if d[1] ~= 'running' or d[2] ~= token then return {'lost'} end
for i = 11, #ARGV, 2 do
  if string.sub(ARGV[i], 1, 6) == 'count:' then
    redis.call('HINCRBYFLOAT', p .. 'counts', string.sub(ARGV[i], 7), ARGV[i + 1])
    if string.sub(ARGV[i], 7, 15) == 'attempts|' then count_hour(p, now, 'outcome|' .. connector .. '|' .. state) end
  elseif string.sub(ARGV[i], 1, 5) == 'last:' then
    redis.call('HSET', p .. 'last', string.sub(ARGV[i], 6), now .. '|' .. ARGV[i + 1])
    redis.call('EXPIRE', p .. 'last', LAST_STATE_KEPT_S)
  else
    redis.call('HSET', key, ARGV[i], ARGV[i + 1])
  end
end

-- A breaker opens when several attempts in a row found the destination down; for a used-up quota it opens at once.
-- If a destination only asks us to wait, deliveries wait without an alarm. Returns 'opened', 'closed' or ''.
local function judge(destination, condition)
  local breaker = p .. 'breaker:' .. destination
  local b = redis.call('HMGET', breaker, 'until', 'opened', 'probe', 'failed', 'asked')
  local was_probe = b[3] == id
  if was_probe then redis.call('HDEL', breaker, 'probe', 'probing') end
  if condition == 'up' or condition == 'answers' then
    local closed = redis.call('SREM', p .. 'breakers', destination) == 1
    -- A delivery that failed for a reason of its own, at a destination that works, keeps its schedule.
    if b[1] then wake(p, destination, now, WOKEN_BY_SUCCESS) end
    redis.call('DEL', breaker)
    if condition == 'up' then heal(p, destination, now, HEALED_BY_SUCCESS) end
    return closed and 'closed' or ''
  end
  if condition == '' then
    if was_probe then wake(p, destination, now, 5) end  -- another one probes
    return ''
  end
  local was, opened, turned = tonumber(b[1] or 0), tonumber(b[2]), ''
  local kind, ms = string.match(condition, '^(%a+):?(%d*)$')
  -- The time until which the destination wants no request, also if an attempt before the breaker opened was asked for it.
  local asked = tonumber(b[5] or 0)
  if ms ~= '' and now + ms > asked then
    asked = now + ms
    redis.call('HSET', breaker, 'asked', asked)
  end
  if kind == 'busy' then
    if was <= now then redis.call('HSET', breaker, 'until', asked, 'why', 'busy') end
  else
    if tonumber(b[4] or now) < now - BREAKER_KEPT_S * 1000 then  -- what was so long ago counts no longer
      redis.call('HDEL', breaker, 'failures', 'opened')
      opened = nil
    end
    local failures = redis.call('HINCRBY', breaker, 'failures', 1)
    redis.call('HSET', breaker, 'failed', now)
    if was <= now and (failures >= FAILURES_TO_OPEN or opened or kind == 'quota') then
      if not opened then
        opened, turned = now, 'opened'
        redis.call('SADD', p .. 'breakers', destination)
      end
      -- The pause grows with the outage. When many deliveries wait, it is shorter, because a probe helps more.
      local away, many = now - opened, redis.call('ZCARD', p .. 'waits:' .. destination) >= MANY_WAITING
      local pause = many and math.min(away / PAUSE_SHARE_OF_MANY, LONGEST_PAUSE_OF_MANY_MS)
        or math.min(away / PAUSE_SHARE, LONGEST_PAUSE_MS)
      pause = kind == 'quota' and QUOTA_PAUSE_MS or math.max(SHORTEST_PAUSE_MS, pause)
      was = now + math.floor(pause)
      redis.call('HSET', breaker, 'until', was, 'opened', opened, 'why', kind)
    end
  end
  if was > 0 and asked > was then redis.call('HSET', breaker, 'until', asked) end
  redis.call('EXPIRE', breaker, BREAKER_KEPT_S)
  return turned
end

redis.call('HDEL', key, 'token', 'until', 'next', 'lost')
redis.call('HSET', key, 'state', state, 'updated', now)
redis.call('ZREM', p .. 'state:running', id)
redis.call('ZADD', p .. 'state:' .. state, now, id)
local hold = p .. 'hold:' .. connector .. ':' .. d[3]
if redis.call('GET', hold) == id then redis.call('DEL', hold) end

local answer = {'settled', ''}
for _, c in ipairs(cjson.decode(ARGV[8])) do
  local turned = judge(c[1], c[2])
  if turned ~= '' then
    answer[#answer + 1] = c[1]
    answer[#answer + 1] = turned
  end
end
-- After the breaker was updated: a failed probe must not wake itself, and is the last one to probe again.
local destination, reason = ARGV[9], redis.call('HGET', key, 'reason')
-- The breaker that holds it may have closed since the attempt looked; then nothing would wake it.
if destination ~= '' and (reason == 'held' and redis.call('HEXISTS', p .. 'breaker:' .. destination, 'until') == 0
  or reason == 'stopped' and redis.call('HEXISTS', p .. 'stopped', connector) == 0) then
  delay, destination = 0, ''
end
if destination ~= '' then wait_for(p, destination, id, state == 'dead', now + tonumber(ARGV[10])) end

if state == 'retrying' then
  redis.call('HSET', key, 'next', now + delay)
  redis.call('ZADD', due, now + delay, id)
  return answer
end
if state ~= 'dead' then  -- a replay of a dead letter goes on where it stopped
  forget_notes(key)
end
ended(p, key, state, 1)
answer[2] = leave_line(p, id, connector, d[3], now)
return answer
