-- What operators are to be notified of: looks at what has changed in the ledger since the last time, and stores what is to
-- be announced before it answers, so that a worker that dies afterwards loses nothing.
-- ARGV: prefix, time, election ms, window ms (an announcement of a group is followed by the next one after that time), how many
-- dead letters at once, name of our own source, name of the source that reconcile asks ('' for none).
-- `notices` is a hash: `position` <score>|<id> of the last dead letter that was looked at, `looked` when; `pending|<kind>|
-- <group>` what is counted; `until|<kind>|<group>` when the group may be announced again; `open|<destination>` and
-- `refused|<source>` what is announced as such; `silent|<source>` why the source announces nothing, `announced|<source>` that
-- this is announced; `out|<ms>|<kind>|<group>` what is to be announced now.
-- Returns these as field, value, …; nil for a worker that was not elected this time.
--!include time
local elect, window, many, own, source = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7]
local key, missed = p .. 'notices', p .. 'notices:missed'
local DAY, MINUTE = 86400000, 60000
local WRONG = {auth = true, config = true, gone = true}

local function number(value) return tonumber(value or 0) or 0 end

-- Whose turn it is: the value is when the next one may look. A time that is further away than that was set before the clock
-- stepped back.
local turn = number(redis.call('GET', p .. 'notices:turn'))
if turn > now and turn <= now + elect then return false end
redis.call('SET', p .. 'notices:turn', string.format('%.0f', now + elect), 'PX', 10 * elect)

local function count(kind, group, at, why)
  local field = 'pending|' .. kind .. '|' .. group
  local stored = redis.call('HGET', key, field)
  local pending = stored and cjson.decode(stored) or {count = 0, since = at}
  pending.count, pending.why = pending.count + 1, why
  redis.call('HSET', key, field, cjson.encode(pending))
end

local function is_open(kind, group) return number(redis.call('HGET', key, 'until|' .. kind .. '|' .. group)) <= now end

local function announce(kind, group, values)
  redis.call('HSET', key, 'out|' .. string.format('%.0f', now) .. '|' .. kind .. '|' .. group, cjson.encode(values))
  redis.call('HSET', key, 'until|' .. kind .. '|' .. group, string.format('%.0f', now + window))
end

-- Dead letters, in the order in which they died. Where nobody has looked yet, or not for a day, those of the last minute
-- count: a worker's first look may come after the first dead letters of a new ledger, and nobody wanted to know of older ones.
local score, last = string.match(redis.call('HGET', key, 'position') or '', '^(%d+)|(.*)$')
local looked = number(redis.call('HGET', key, 'looked'))
if not score or now - looked > DAY or tonumber(score) > now then
  score, last = string.format('%.0f', now - MINUTE), ''
end
redis.call('HSET', key, 'looked', string.format('%.0f', now))
local from, seen, offset, rows = score, 0, 0, nil
repeat
  -- Not those of this very millisecond: another one may still die in it, with an id before that of the last one.
  local before = '(' .. string.format('%.0f', now)
  rows = redis.call('ZRANGE', p .. 'state:dead', from, before, 'BYSCORE', 'LIMIT', offset, many, 'WITHSCORES')
  for i = 1, #rows, 2 do
    local id, died = rows[i], string.format('%.0f', rows[i + 1])
    if died ~= score or id > last then
      score, last, seen = died, id, seen + 1
      local event, connector = string.match(id, '^(.-)%.(.*)$')
      local d = redis.call('HMGET', p .. 'delivery:' .. id, 'reason', 'why')
      if redis.call('HGET', p .. 'event:' .. event, 'source') ~= own then
        local group = connector .. '|' .. (d[1] or '')
        count('dead_letter', group, tonumber(died), d[2] or '')
        if WRONG[d[1]] then count('misconfigured', group, tonumber(died), d[2] or '') end
      end
    end
  end
  offset = offset + many
until seen > 0 or #rows < 2 * many
redis.call('HSET', key, 'position', score .. '|' .. last)

-- Breakers: that one is open is announced once, and that it is closed only after that.
for _, destination in ipairs(redis.call('SMEMBERS', p .. 'breakers')) do
  if redis.call('HEXISTS', key, 'open|' .. destination) == 0 and is_open('breaker_opened', destination) then
    local b = redis.call('HMGET', p .. 'breaker:' .. destination, 'opened', 'why')
    redis.call('HSET', key, 'open|' .. destination, b[1] or now)
    announce('breaker_opened', destination, {since = number(b[1]), reason = b[2] or 'down'})
  end
end
-- The source refuses our credential: no delivery may ever fail of that.
if source ~= '' then
  local state = string.match(redis.call('HGET', p .. 'last', source) or '', '|(.*)$')
  local field = 'refused|' .. source
  if state == 'refused' and redis.call('HSETNX', key, field, now) == 1 then
    announce('misconfigured', source .. '|auth', {count = 1, since = now, why = ''})
  elseif state == 'ok' then
    redis.call('HDEL', key, field)
  end
  -- Its webhook is off, or events came without one. An announcement of the first kind is made once until that ends.
  local found, silent = redis.call('SCARD', missed), redis.call('HGET', key, 'silent|' .. source)
  local is_new = silent and redis.call('HSETNX', key, 'announced|' .. source, now) == 1
  if is_new or (found > 0 and is_open('source_silent', source)) then
    announce('source_silent', source, {count = found > 0 and found or nil, since = now, why = silent or nil})
    redis.call('DEL', missed)
  end
end

local out = {}
for _, field in ipairs(redis.call('HKEYS', key)) do
  local what, rest = string.match(field, '^(%a+)|(.*)$')
  if what == 'open' and redis.call('SISMEMBER', p .. 'breakers', rest) == 0 then
    announce('breaker_closed', rest, {since = number(redis.call('HGET', key, field))})
    redis.call('HDEL', key, field)
  elseif what == 'pending' then
    local kind, group = string.match(rest, '^(.-)|(.*)$')
    if is_open(kind, group) then
      announce(kind, group, cjson.decode(redis.call('HGET', key, field)))
      redis.call('HDEL', key, field)
    end
  elseif what == 'until' and number(redis.call('HGET', key, field)) <= now then
    redis.call('HDEL', key, field)
  end
end
for _, field in ipairs(redis.call('HKEYS', key)) do
  if string.sub(field, 1, 4) == 'out|' then
    out[#out + 1] = field
    out[#out + 1] = redis.call('HGET', key, field)
  end
end
return out
