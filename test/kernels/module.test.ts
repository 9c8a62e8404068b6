import { assert } from 'chai';
import { kernelBytes } from '../support/wasm-bytes.js';

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

  it('export the same functions', async () => {
    const names = async (variant: 'simd' | 'relaxed-simd') => {
      const bytes = await kernelBytes(variant);
      if (!WebAssembly.validate(bytes)) return undefined;
      return WebAssembly.Module.exports(await WebAssembly.compile(bytes)).map(({ name }) => name);
    };
    const simd = (await names('simd')) ?? [];
    assert.include(simd, 'f32_igemm_4x8');
    assert.deepEqual((await names('relaxed-simd')) ?? simd, simd);
  });
});
