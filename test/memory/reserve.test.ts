import { assert } from 'chai';
// Registers the flags.
import '../../src/flags.js';
import { OutOfMemoryError } from '../../src/memory/heap.js';
import { Runtime } from '../../src/arrays/runtime.js';
import { loadMachine } from '../../src/memory/load.js';
import { reserveMemory } from '../../src/memory/reserve.js';

const INITIAL = 256;
const CAN_SHARE = typeof SharedArrayBuffer !== 'undefined';

describe('reserving a memory', () => {
  const { Memory } = WebAssembly;
  const asked: WebAssembly.MemoryDescriptor[] = [];

  /** Lets the platform refuse memories that are not as `allows` says. */
  function platform(allows: (asked: WebAssembly.MemoryDescriptor) => boolean): void {
    asked.length = 0;
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        asked.push(descriptor);
        if (!allows(descriptor)) throw new RangeError('no room for that');
        super(descriptor);
      }
    };
  }

  afterEach(() => {
    WebAssembly.Memory = Memory;
  });

  it('asks for a shared memory of 4 GiB first, where there are any', () => {
    platform(() => true);
    const { memory, limits } = reserveMemory(INITIAL);
    assert.deepEqual(limits, { initial: INITIAL, maximum: 65536, shared: CAN_SHARE });
    assert.equal(memory.buffer.byteLength, INITIAL * 65536);
    assert.lengthOf(asked, 1);
  });

  it('steps the maximum down', () => {
    platform(({ maximum = 0 }) => maximum <= 16384);
    const { limits } = reserveMemory(INITIAL);
    assert.deepEqual(limits, { initial: INITIAL, maximum: 16384, shared: CAN_SHARE });
    assert.deepEqual(
      asked.map(({ maximum }) => maximum),
      [65536, 32768, 16384],
    );
  });

  it('goes unshared where no shared memory is to be had', () => {
    platform(({ shared }) => !shared);
    assert.deepEqual(reserveMemory(INITIAL).limits, {
      initial: INITIAL,
      maximum: 65536,
      shared: false,
    });
    assert.isFalse(asked.at(-1)?.shared);
  });

  it('says what was tried, and what the platform said', () => {
    platform(() => false);
    const shared = 'shared, at most 4096 MiB; shared, at most 2048 MiB; shared, at most 1024 MiB; ';
    assert.throws(
      () => reserveMemory(INITIAL),
      /no WebAssembly memory of 16 MiB.*no room for that/,
    );
    assert.throws(
      () => reserveMemory(INITIAL),
      CAN_SHARE ? shared : 'Tried: unshared, at most 4096 MiB; ',
    );
    assert.throws(() => reserveMemory(INITIAL), 'unshared, at most 256 MiB.');
  });

  for (const shares of CAN_SHARE ? [true, false] : [false]) {
    it(`lets the modules run on 256 MiB, ${shares ? '' : 'un'}shared`, async () => {
      platform(({ maximum = 0, shared }) => maximum <= 4096 && (shares || !shared));
      const { heap } = new Runtime(await loadMachine());
      const block = heap.allocate(128 * 2 ** 20);
      heap.u8[block] = 1;
      assert.throws(() => heap.allocate(200 * 2 ** 20), OutOfMemoryError);
      heap.free(block);
      heap.free(heap.allocate(1000));
    });
  }
});
