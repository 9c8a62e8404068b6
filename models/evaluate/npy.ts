import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../../cli/src/user-error.js';

/** An array as NumPy saved it, row-major. */
export interface NpyArray<T extends Uint8Array | Float32Array> {
  shape: readonly number[];
  values: T;
}

/** What can be read: NumPy's names of the types, the bytes of a value, and what holds them. */
const TYPES = {
  uint8: { descr: '|u1', bytes: 1, view: (bytes: ArrayBuffer) => new Uint8Array(bytes) },
  bool: { descr: '|b1', bytes: 1, view: (bytes: ArrayBuffer) => new Uint8Array(bytes) },
  float32: { descr: '<f4', bytes: 4, view: (bytes: ArrayBuffer) => new Float32Array(bytes) },
} as const;
type NpyType = keyof typeof TYPES;
type Values<T extends NpyType> = ReturnType<(typeof TYPES)[T]['view']>;

const MAGIC = '\x93NUMPY';
const HEADER =
  /^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([\d, ]*)\), \}\s*$/;

/**
 * Reads a .npy file (numpy.lib.format, versions 1 to 3) of a known type.
 *
 * @param shape what the array must look like; -1 stands for any size.
 * @throws UserError when the file cannot be read, or holds anything else.
 */
export async function readNpy<T extends NpyType>(
  file: string,
  type: T,
  shape: readonly number[],
): Promise<NpyArray<Values<T>>> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UserError(`${file} cannot be read: ${messageOf(error)}`);
  });
  const header = headerOf(file, bytes);
  const wanted = TYPES[type];
  const description = `${header.descr} [${header.shape.join(', ')}]`;
  const fits =
    header.descr === wanted.descr &&
    header.shape.length === shape.length &&
    shape.every((size, i) => size === -1 || size === header.shape[i]);
  if (!fits || header.fortranOrder) {
    throw new UserError(
      `${file} holds ${description}${header.fortranOrder ? ' in column-major order' : ''}, ` +
        `where ${wanted.descr} [${shape.map((size) => (size < 0 ? 'any' : size)).join(', ')}] is needed.`,
    );
  }
  const length = header.shape.reduce((a, b) => a * b, 1) * wanted.bytes;
  if (bytes.length !== header.end + length) {
    throw new UserError(
      `${file} has ${bytes.length - header.end} bytes of values, but ${description} takes ${length}: it is cut off.`,
    );
  }
  const values = new Uint8Array(bytes.subarray(header.end)).buffer;
  return { shape: header.shape, values: wanted.view(values) as Values<T> };
}

function headerOf(
  file: string,
  bytes: Buffer,
): { descr: string; fortranOrder: boolean; shape: number[]; end: number } {
  const refuse = (why: string): UserError => new UserError(`${file} is no .npy file: ${why}.`);
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== MAGIC) {
    throw refuse('it does not begin like one');
  }
  const start = bytes[6] === 1 ? 10 : 12;
  const end = start + (bytes[6] === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  const header = HEADER.exec(bytes.toString('latin1', start, end));
  if (!header) throw refuse('its header cannot be read');
  const [, descr, order, shape] = header;
  return {
    descr,
    fortranOrder: order === 'True',
    shape: (shape.match(/\d+/g) ?? []).map(Number),
    end,
  };
}
