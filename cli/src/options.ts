import { InvalidArgumentError } from 'commander';

/** Parses an option that is a whole number above 0. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('a whole number above 0 is needed.');
  }
  return value;
}

/** Parses an option that is a number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('a number from 0 to 1 is needed.');
  }
  return value;
}
