import type { Random } from './random.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Values that what reads a file may not have reckoned with. */
const HOSTILE: readonly Json[] = [
  null,
  true,
  -1,
  0,
  1,
  0.5,
  7,
  65536,
  2 ** 31,
  2 ** 53,
  1e300,
  '',
  'a',
  '0',
  '-1',
  '100000',
  'float32',
  'same',
  '__proto__',
  '../../outside',
  '\u001b[2J\n',
  'x'.repeat(20_000),
  [],
  [[]],
  [0, 0, 0, 0],
  {},
  { length: 1e9 },
];

/** Where a value lies: what holds it, and under which key. */
interface Place {
  holder: Json[] | Record<string, Json>;
  key: string;
  path: string;
}

/** Breaks a JSON document in one place; returns what was done. */
export function breakJson(document: Json, random: Random): string {
  const place = anyPlace(document, random);
  if (!place) return 'nothing: the document is empty';
  const { holder, key, path } = place;
  const set = (value: Json): void => {
    (holder as Record<string, Json>)[key] = value;
  };
  switch (random.below(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else Reflect.deleteProperty(holder, key);
      return `${path} deleted`;
    case 1: {
      const other = anyPlace(document, random);
      if (!other) return 'nothing';
      set(structuredClone((other.holder as Record<string, Json>)[other.key]));
      return `${path} replaced by ${other.path}`;
    }
    case 2:
      if (Array.isArray(holder))
        holder.splice(Number(key), 0, structuredClone(holder[Number(key)]));
      else set([structuredClone(holder[key])]);
      return `${path} doubled`;
    default: {
      const value = random.pick(HOSTILE);
      set(structuredClone(value));
      return `${path} set to ${JSON.stringify(value).slice(0, 40)}`;
    }
  }
}

/** A place found by walking down from the root, the deeper the likelier. */
function anyPlace(document: Json, random: Random): Place | undefined {
  let place: Place | undefined;
  let value = document;
  while (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    if (keys.length === 0 || (place && random.chance(0.1))) break;
    const key = random.pick(keys);
    place = { holder: value, key, path: place ? `${place.path}.${key}` : key };
    value = (value as Record<string, Json>)[key];
  }
  return place;
}
