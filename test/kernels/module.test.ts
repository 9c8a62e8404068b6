import { assert } from 'chai';
import { ROW_KERNELS } from '../../src/memory/kernels.js';
import { IN_NODE } from '../support/environment.js';
import { kernelBytes, type KernelVariant } from '../support/wasm-bytes.js';

const DATA_SECTION = 11;
const START_SECTION = 8;

/** The identifiers of the sections of a WebAssembly binary. */
function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at++]);
    let size = 0;
    let shift = 0;
    let byte;
    do {
      byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    at += size;
  }
  return ids;
}

describe('the kernel modules', () => {
  for (const variant of ['simd', 'relaxed-simd'] as const) {
    it(`hold no static data and run nothing when they start (${variant})`, async () => {
      const ids = sectionIds(await kernelBytes(variant));
      assert.notInclude(ids, DATA_SECTION);
      assert.notInclude(ids, START_SECTION);
    });
  }

  it('export every kernel that is named, with relaxed SIMD and without', async () => {
    const variants: KernelVariant[] = ['simd', 'relaxed-simd'];
    const exports: string[][] = [];
    for (const variant of variants) {
      const bytes = await kernelBytes(variant);
      // A browser without relaxed SIMD never loads those kernels; Node has it wherever the specs run.
      if (!IN_NODE && !WebAssembly.validate(bytes)) continue;
      const all = WebAssembly.Module.exports(await WebAssembly.compile(bytes));
      exports.push(all.map(({ name }) => name));
    }
    for (const names of exports) {
      assert.includeMembers(names, [...ROW_KERNELS]);
      assert.deepEqual(names, exports[0]);
    }
    if (IN_NODE) assert.lengthOf(exports, variants.length);
  });
});
