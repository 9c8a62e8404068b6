import { writeFileSync } from 'node:fs';

/** Writes a .npy file, version 1.0, as numpy.save does. */
export function writeNpy(
  file: string,
  descr: string,
  shape: readonly number[],
  values: Uint8Array | Float32Array,
): void {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const padded = dictionary.padEnd(Math.ceil((dictionary.length + 11) / 64) * 64 - 11) + '\n';
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  writeFileSync(
    file,
    Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
      length,
      Buffer.from(padded, 'latin1'),
      bytes,
    ]),
  );
}
