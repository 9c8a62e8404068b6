import { assert } from 'chai';
import fc from 'fast-check';
import { importMemory, initialPages, WasmFormatError } from '../../src/memory/binary.js';
import { assetBytes } from '../support/environment.js';

const BUILDS = 'node_modules/@tensorflow/tfjs-backend-wasm/dist/';
const LIMITS = { initial: 256, maximum: 65536, shared: false };

function memoryImports(module: WebAssembly.Module): WebAssembly.ModuleImportDescriptor[] {
  return WebAssembly.Module.imports(module).filter(({ kind }) => kind === 'memory');
}

/** A module of nothing but the given sections. */
function moduleOf(...sections: [id: number, ...content: number[]][]): Uint8Array<ArrayBuffer> {
  const body = sections.flatMap(([id, ...content]) => [id, content.length, ...content]);
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...body]);
}

describe('rewriting a WebAssembly binary to import its memory', () => {
  for (const file of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm']) {
    it(`works on ${file}`, async () => {
      const bytes = await assetBytes(BUILDS + file);
      const original = new WebAssembly.Module(bytes);
      assert.isEmpty(memoryImports(original));
      assert.equal(initialPages(file, bytes), 256);
      for (const shared of [false, true]) {
        const rewritten = importMemory(file, bytes, { ...LIMITS, shared });
        const module = new WebAssembly.Module(rewritten);
        assert.deepEqual(
          memoryImports(module).map(({ module: from, name }) => [from, name]),
          [['env', 'memory']],
        );
        assert.deepEqual(WebAssembly.Module.exports(module), WebAssembly.Module.exports(original));
        assert.equal(
          WebAssembly.Module.imports(module).length,
          WebAssembly.Module.imports(original).length + 1,
        );
      }
    });
  }

  it('works on what is rewritten already', async () => {
    const bytes = await assetBytes(`${BUILDS}tfjs-backend-wasm-simd.wasm`);
    const once = importMemory('a.wasm', bytes, LIMITS);
    assert.equal(initialPages('a.wasm', once), LIMITS.initial);
    assert.deepEqual(importMemory('a.wasm', once, LIMITS), once);
  });

  it('puts the imports where there were none', () => {
    const bytes = moduleOf([5, 1, 0, 3]);
    const memory = new WebAssembly.Memory(
      LIMITS.shared ? LIMITS : { initial: 300, maximum: 65536 },
    );
    const module = new WebAssembly.Module(importMemory('a.wasm', bytes, LIMITS));
    assert.doesNotThrow(() => new WebAssembly.Instance(module, { env: { memory } }));
    const small = new WebAssembly.Memory({ initial: 2, maximum: 65536 });
    assert.throws(() => new WebAssembly.Instance(module, { env: { memory: small } }));
  });

  it('refuses what has not one memory', () => {
    for (const bytes of [moduleOf(), moduleOf([5, 0]), moduleOf([5, 2, 0, 1, 0, 1])]) {
      assert.throws(
        () => importMemory('a.wasm', bytes, LIMITS),
        WasmFormatError,
        /a\.wasm cannot be loaded: it does not have exactly one memory\. Use the \.wasm files/,
      );
    }
  });

  it('refuses what is no WebAssembly', () => {
    const others = [
      [],
      [0, 0x61, 0x73],
      [...new TextEncoder().encode('<!doctype html>')],
      [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0],
    ];
    for (const other of others) {
      assert.throws(
        () => importMemory('a.wasm', Uint8Array.from(other), LIMITS),
        WasmFormatError,
        /it is not a WebAssembly binary/,
      );
    }
  });

  it('refuses a truncated file, wherever it ends, and never fails otherwise', async () => {
    const bytes = await assetBytes(`${BUILDS}tfjs-backend-wasm-simd.wasm`);
    fc.assert(
      fc.property(fc.oneof(fc.nat(bytes.length - 1), fc.nat(3000)), (length) => {
        let rewritten: Uint8Array<ArrayBuffer>;
        try {
          rewritten = importMemory('a.wasm', bytes.subarray(0, length), LIMITS);
        } catch (error) {
          assert.instanceOf(error, WasmFormatError);
          return;
        }
        // Cut between two sections: what is left is well formed, or the engine refuses it.
        assert.isFalse(WebAssembly.validate(rewritten));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
        const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...garbage]);
        try {
          importMemory('a.wasm', bytes, LIMITS);
        } catch (error) {
          assert.instanceOf(error, WasmFormatError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
