-- The one clock: what is due and not finished is handed to RQ again; what is finished long ago is forgotten.
-- ARGV: prefix, worker name, election ms, hand-over ms, RQ queue key, how many at once, retention ms.
-- Returns the delivery ids to hand over (none for a worker that was not elected this time).
local p, worker, elect, hand, queue = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local many, retention = tonumber(ARGV[6]), tonumber(ARGV[7])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', p .. 'workers', now, worker)
if not redis.call('SET', p .. 'clock', worker, 'NX', 'PX', elect) then return {} end
redis.call('ZREMRANGEBYSCORE', p .. 'workers', '-inf', now - 60000)

local idle = redis.call('LLEN', queue) == 0
local watermark = tonumber(redis.call('GET', p .. 'watermark') or 0)
local ids = {}
for _, id in ipairs(redis.call('ZRANGE', p .. 'due', '-inf', now, 'BYSCORE', 'LIMIT', 0, many)) do
  local key = p .. 'delivery:' .. id
  local d = redis.call('HMGET', key, 'v', 'state', 'handed')
  local state = d[2]
  if not d[1] then
    redis.call('ZREM', p .. 'due', id)
  elseif d[1] ~= '1' then
    redis.call('ZADD', p .. 'due', now + 60000, id)  -- written by a newer version, which looks after it
  elseif state == 'queued' and not idle and tonumber(d[3] or 0) >= watermark then
    redis.call('ZADD', p .. 'due', now + hand, id)  -- still in RQ's queue, behind others
  elseif state == 'queued' or state == 'retrying' or state == 'running' then
    redis.call('ZREM', p .. 'state:' .. state, id)
    redis.call('ZADD', p .. 'state:queued', now, id)
    redis.call('HSET', key, 'state', 'queued', 'handed', now, 'updated', now)
    redis.call('HDEL', key, 'token', 'until', 'next')
    redis.call('ZADD', p .. 'due', now + hand, id)
    ids[#ids + 1] = id
  else
    redis.call('ZREM', p .. 'due', id)
  end
end

local function forget_event(event)
  local key = p .. 'event:' .. event
  local e = redis.call('HMGET', key, 'entity', 'state')
  redis.call('DEL', key)
  redis.call('ZREM', p .. 'events', event)
  if e[2] and e[2] ~= 'accepted' then redis.call('ZREM', p .. 'events:' .. e[2], event) end
  if e[1] and e[1] ~= '' then redis.call('ZREM', p .. 'entity:' .. e[1], event) end
end
for _, state in ipairs({'done', 'skipped', 'dead'}) do
  for _, id in ipairs(redis.call('ZRANGE', p .. 'state:' .. state, '-inf', now - retention, 'BYSCORE', 'LIMIT', 0, 100)) do
    local event = string.match(id, '^[^.]+')
    redis.call('DEL', p .. 'delivery:' .. id)
    redis.call('ZREM', p .. 'state:' .. state, id)
    if redis.call('HINCRBY', p .. 'event:' .. event, 'left', -1) <= 0 then forget_event(event) end
  end
end
for _, state in ipairs({'ignored', 'unreadable'}) do
  for _, id in ipairs(redis.call('ZRANGE', p .. 'events:' .. state, '-inf', now - retention, 'BYSCORE', 'LIMIT', 0, 100)) do
    forget_event(id)
  end
end
return ids
