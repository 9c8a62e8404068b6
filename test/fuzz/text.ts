import type { Random } from './random.js';

/** What a reader of text may not have reckoned with. */
const NUISANCES = [
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '99999999999999999999',
  'NaN',
  'null',
  '""',
  '[]',
  '{}',
  '*a',
  '&a [*a, *a]',
  '!!binary x',
  '__proto__',
  '\u0000',
  '\t',
  ': ',
  '- ',
  '[[[[',
  '"',
  '\n\n',
];

/** Text with one to three damages: something cut out, repeated, put in, or replaced. */
export function damageText(text: string, random: Random): string {
  let result = text;
  for (let times = 1 + random.below(3); times > 0; times--) result = damageOnce(result, random);
  return result;
}

function damageOnce(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const nuisance = random.pick(NUISANCES);
  const insert = (what: string, replaced = 0): string =>
    text.slice(0, at) + what + text.slice(at + replaced);
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return insert('', 1 + random.below(40));
    case 2:
      return insert(nuisance);
    case 3:
      return insert(String.fromCharCode(random.below(256)), 1);
    case 4: {
      const lines = text.split('\n');
      lines.splice(random.below(lines.length), 1 + random.below(3));
      return lines.join('\n');
    }
    case 5:
      return replaceNumber(text, nuisance, random);
    default:
      return insert(nuisance.repeat(1 + random.below(300)));
  }
}

function replaceNumber(text: string, by: string, random: Random): string {
  const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
  if (numbers.length === 0) return text;
  const { index, 0: number } = random.pick(numbers);
  return text.slice(0, index) + by + text.slice(index + number.length);
}

/** Bytes, cut off at times, with one to four of them changed. */
export function damageBytes(bytes: Uint8Array, random: Random): Uint8Array {
  // A Buffer's slice would be a view of it.
  const length = random.chance(1 / 3) ? random.below(bytes.length) : bytes.length;
  const result = Uint8Array.from(bytes.subarray(0, length));
  for (let times = 1 + random.below(4); times > 0 && result.length > 0; times--) {
    result[random.below(result.length)] = random.below(256);
  }
  return result;
}
