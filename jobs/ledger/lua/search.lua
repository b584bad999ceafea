-- One step of a search: walks an index of events or of deliveries, the newest first, and returns what matches. Changes nothing.
-- ARGV: prefix, index, whether its members are events ('1') or deliveries, highest and lowest score, how many entries to skip,
-- how many to read, most matches, most bytes of bodies to read, the score and the member after which to continue ('': from the top),
-- the filter as JSON: state, connector, event (a name), id (of an event), source, project, entity, reason ('': any of them), and texts
-- (a list, in lower case: one of them must occur; empty: no condition).
-- Returns {entries read, whether all of them were checked (1), score and member reached ('' at the end of the index), then
-- score and id of each match …}.
--!include walk
local p, index, events = ARGV[1], ARGV[2], ARGV[3] == '1'
local most, bytes = tonumber(ARGV[8]), tonumber(ARGV[9])
local place, last = tonumber(ARGV[10]), ARGV[11]
local wanted = cjson.decode(ARGV[12])

local function fits(filter, value)
  return filter == '' or filter == value
end

local function has_text(value)
  value = string.lower(value or '')
  for _, text in ipairs(wanted.texts) do
    if string.find(value, text, 1, true) then return true end
  end
  return false
end

-- The event's fields, read once for all its deliveries; `found`: whether a text occurs in its body.
local function read_event(id)
  local key = p .. 'event:' .. id
  local e = redis.call('HMGET', key, 'connectors', 'name', 'source')
  local event = {connectors = e[1] or '', name = e[2] or '', source = e[3] or ''}
  event.fits = fits(wanted.event, event.name) and fits(wanted.source, event.source) and fits(wanted.id, id)
  function event.has_text()
    if event.found == nil then
      local body = redis.call('HGET', key, 'body') or ''
      bytes = bytes - #body
      event.found = has_text(body)
    end
    return event.found
  end
  return event
end

local function matches(id, event)
  if not fits(wanted.connector, string.match(id, '%.(.*)$')) then return false end
  local d = redis.call('HMGET', p .. 'delivery:' .. id, 'state', 'entity', 'reason', 'why', 'result')
  if not d[1] or not fits(wanted.state, d[1]) or not fits(wanted.entity, d[2]) or not fits(wanted.reason, d[3] or '') then
    return false
  end
  if wanted.project ~= '' and string.match(d[2], '^[^:]*:[^:]*:([^:]*):[^:]*$') ~= wanted.project then return false end
  return #wanted.texts == 0 or has_text(d[4]) or has_text(d[5]) or event.has_text()
end

local function deliveries_of(id, event)
  local ids = {}
  for connector in string.gmatch(event.connectors, '[^,]+') do ids[#ids + 1] = id .. '.' .. connector end
  table.sort(ids, function(a, b) return precedes(b, a) end)
  return ids
end

local entries = redis.call('ZRANGE', p .. index, ARGV[4], ARGV[5], 'BYSCORE', 'REV', 'LIMIT', ARGV[6], ARGV[7], 'WITHSCORES')
local answer = {#entries / 2, 0, '', ''}
local by_event = wanted.event ~= '' or wanted.source ~= '' or wanted.id ~= '' or #wanted.texts > 0
for i = 1, #entries, 2 do
  local member, score = entries[i], tonumber(entries[i + 1])
  if is_behind(place, last, score, member) then
    local event = (events or by_event) and read_event(string.match(member, '^[^.]*'))
    if not event or event.fits then
      for _, id in ipairs(events and deliveries_of(member, event) or {member}) do
        if is_behind(place, last, score, id) and matches(id, event) then
          answer[#answer + 1] = entries[i + 1]
          answer[#answer + 1] = id
          answer[3], answer[4] = entries[i + 1], id
          if #answer == 4 + 2 * most then return answer end
        end
      end
    end
    answer[3], answer[4] = entries[i + 1], member
    if bytes <= 0 then return answer end
  end
end
answer[2] = 1
return answer
