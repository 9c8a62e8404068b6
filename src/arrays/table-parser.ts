import { LAYER_CLASSES, MATCHED, MICROKERNELS } from './table.js';
import { VECTOR_WIDTHS } from '../memory/vector-width.js';
import type { Entry, LayerClass, Match, Range, TemporalMapping, UnrollingTable } from './table.js';
import type { RowKernelName } from '../memory/kernels.js';

/** An unrolling table is not of the form that is expected. */
export class TableError extends Error {
  constructor(table: string, where: string, what: string) {
    super(`${table}: ${where} ${what}`);
    this.name = 'TableError';
  }
}

/** The most of a number: lanes keep it in a word of 32 bits. */
const MOST = 2 ** 31 - 1;

/** Numbers of the temporal mapping, with the least that each may be. */
const TEMPORAL_NUMBERS = { rowBlock: 4, stripBytes: 1, stripRows: 1, bandRows: 1 } as const;

/**
 * Validates an unrolling table, as it comes from JSON.
 * @param name what to call it in an error
 * @throws TableError that names the table, the entry and the field, and says what is expected
 */
export function parseTable(name: string, json: unknown): UnrollingTable {
  const table = new Reader(name, '', json);
  table.allow(['hardware', 'vectorBits', 'temporal', 'entries']);
  const defaults = temporal(table.at('temporal'));
  return {
    hardware: table.at('hardware').text(),
    vectorBits: table.at('vectorBits').oneOf(VECTOR_WIDTHS),
    entries: table
      .at('entries')
      .list()
      .map((entry) => parseEntry(entry, defaults)),
  };
}

function parseEntry(entry: Reader, defaults: Partial<TemporalMapping>): Entry {
  entry.allow(['match', 'array', 'kernel', 'temporal']);
  const match = parseMatch(entry.at('match'));
  const own = entry.has('temporal') ? temporal(entry.at('temporal')) : {};
  const kernel = parseKernel(entry, match.layer);
  return {
    match,
    array: entry.at('array').oneOf([0, 1]),
    kernel,
    tileRows: MICROKERNELS.find(({ name }) => name === kernel)?.rows ?? 1,
    temporal: complete(entry, { ...defaults, ...own }),
  };
}

function parseKernel(entry: Reader, layer: LayerClass): RowKernelName | null {
  const choices = MICROKERNELS.filter(({ layers }) => layers.includes(layer));
  if (choices.length > 0) return entry.at('kernel').oneOf(choices.map(({ name }) => name));
  if (entry.has('kernel')) entry.fail('kernel', `must be left out: ${layer} layers have their own`);
  return null;
}

function parseMatch(match: Reader): Match {
  match.allow(['layer', 'name', ...MATCHED]);
  const parsed: Match = { layer: match.at('layer').oneOf(LAYER_CLASSES) };
  if (match.has('name')) parsed.name = match.at('name').text();
  for (const field of MATCHED) {
    if (match.has(field)) parsed[field] = match.at(field).range();
  }
  return parsed;
}

/** The fields of a temporal mapping that are given. */
function temporal(mapping: Reader): Partial<TemporalMapping> {
  mapping.allow([...Object.keys(TEMPORAL_NUMBERS), 'foldWidth']);
  const parsed: Partial<TemporalMapping> = {};
  for (const field of Object.keys(TEMPORAL_NUMBERS) as (keyof typeof TEMPORAL_NUMBERS)[]) {
    if (mapping.has(field)) parsed[field] = mapping.at(field).whole(TEMPORAL_NUMBERS[field]);
  }
  if (mapping.has('foldWidth')) parsed.foldWidth = mapping.at('foldWidth').oneOf([true, false]);
  return parsed;
}

function complete(entry: Reader, mapping: Partial<TemporalMapping>): TemporalMapping {
  for (const field of [...Object.keys(TEMPORAL_NUMBERS), 'foldWidth'] as const) {
    if (!(field in mapping)) {
      entry.fail(`temporal.${field}`, "is missing, here and in the table's own temporal");
    }
  }
  return mapping as TemporalMapping;
}

/** A value of the table and where it stands, which an error tells. */
class Reader {
  constructor(
    private readonly table: string,
    private readonly path: string,
    private readonly value: unknown,
  ) {}

  fail(field: string, what: string): never {
    const where = [this.path, field].filter((part) => part !== '').join('.');
    throw new TableError(this.table, where === '' ? 'the table' : where, what);
  }

  private get fields(): Record<string, unknown> {
    const { value } = this;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    return this.fail('', `must be an object, not ${describe(value)}`);
  }

  /** Only these fields exist: a misspelt one would go unnoticed. */
  allow(names: readonly string[]): void {
    for (const name of Object.keys(this.fields)) {
      if (!names.includes(name)) this.fail(name, `is no field here: expected ${names.join(', ')}`);
    }
  }

  has(field: string): boolean {
    return this.fields[field] !== undefined;
  }

  at(field: string): Reader {
    const path = this.path === '' ? field : `${this.path}.${field}`;
    return new Reader(this.table, path, this.fields[field]);
  }

  list(): Reader[] {
    if (!Array.isArray(this.value)) {
      return this.fail('', `must be a list, not ${describe(this.value)}`);
    }
    return this.value.map(
      (item: unknown, index) => new Reader(this.table, `${this.path}[${index}]`, item),
    );
  }

  text(): string {
    const { value } = this;
    if (typeof value === 'string' && value !== '') return value;
    return this.fail('', `must be a text, not ${describe(value)}`);
  }

  oneOf<T>(choices: readonly T[]): T {
    const choice = choices.find((each) => each === this.value);
    if (choice !== undefined) return choice;
    return this.fail('', `must be one of ${choices.join(', ')}, not ${describe(this.value)}`);
  }

  whole(least: number): number {
    const { value } = this;
    const isWhole = typeof value === 'number' && Number.isInteger(value);
    if (isWhole && value >= least && value <= MOST) return value;
    return this.fail('', `must be a whole number from ${least} to ${MOST}, not ${describe(value)}`);
  }

  /** [least, most]; null stands for no limit. */
  range(): Range {
    const [least, most] = Array.isArray(this.value) ? (this.value as unknown[]) : [];
    const from = least === null ? -Infinity : least;
    const to = most === null ? Infinity : most;
    const isRange = Array.isArray(this.value) && this.value.length === 2;
    if (isRange && typeof from === 'number' && typeof to === 'number' && from <= to) {
      return [from, to];
    }
    return this.fail('', `must be [least, most] or null for either, not ${describe(this.value)}`);
  }
}

function describe(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}
