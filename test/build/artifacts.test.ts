import { expect } from 'chai';
import { kernelBytes } from '../support/wasm-bytes.js';

describe('the compiled kernels', () => {
  for (const variant of ['simd', 'relaxed-simd'] as const) {
    it(`need nothing but a memory (${variant})`, async () => {
      const module = await WebAssembly.compile(await kernelBytes(variant));
      expect(WebAssembly.Module.imports(module)).to.deep.equal([
        { module: 'env', name: 'memory', kind: 'memory' },
      ]);
    });
  }
});
