import { assert } from 'chai';
import { env } from '@tensorflow/tfjs-core';
import { probeVectorBits } from '../../src/memory/vector-width.js';
import type { WidthLoops } from '../../src/memory/vector-width.js';

/** How a pretended engine runs the loops, on a clock that stands still but for them. */
interface Engine {
  /** Nanoseconds of a round before and after optimization. */
  slow: number;
  adjacent: number;
  apart: number;
  /** Rounds of a loop after which it is optimized. */
  adjacentAfter: number;
  apartAfter: number;
  /** Milliseconds that the clock goes on at a time. */
  tick: number;
  /** Extra milliseconds of the n-th slice. */
  noise?: (slice: number) => number;
}

const ENGINE: Engine = {
  ...{ slow: 9, adjacent: 2.2, apart: 2.2, adjacentAfter: 20_000, apartAfter: 20_000 },
  tick: 0.001,
};
const WIDE = { ...ENGINE, adjacent: 1.4 };

/** Probes a pretended engine. */
async function probe(engine: Engine): Promise<number> {
  const { platform } = env();
  const now = platform.now.bind(platform);
  let time = 0;
  let slice = 0;
  const run = (speed: number, after: number) => {
    let done = 0;
    return (rounds: number): void => {
      const rate = done < after ? engine.slow : speed;
      done += rounds;
      time += (rounds * rate) / 1e6 + (engine.noise?.(slice++) ?? 0);
    };
  };
  const loops: WidthLoops = {
    vector_width_adjacent: run(engine.adjacent, engine.adjacentAfter),
    vector_width_apart: run(engine.apart, engine.apartAfter),
  };
  platform.now = () => {
    time += engine.tick / 8;
    return Math.floor(time / engine.tick) * engine.tick;
  };
  try {
    return await probeVectorBits(loops, new Float32Array(60));
  } finally {
    platform.now = now;
  }
}

describe('the probe of the width of vectors', () => {
  it('tells merged loops from others', async () => {
    assert.equal(await probe(ENGINE), 128);
    assert.equal(await probe(WIDE), 256);
  });

  it('is not misled while one loop is optimized and the other is not', async () => {
    assert.equal(await probe({ ...ENGINE, adjacentAfter: 2e3, apartAfter: 5e5 }), 128);
    assert.equal(await probe({ ...ENGINE, adjacentAfter: 5e5, apartAfter: 2e3 }), 128);
    assert.equal(await probe({ ...WIDE, adjacentAfter: 2e3, apartAfter: 5e5 }), 256);
    assert.equal(await probe({ ...WIDE, adjacentAfter: 5e5, apartAfter: 2e3 }), 256);
  });

  it('holds against pauses in the middle of a slice', async () => {
    for (const every of [2, 3, 4, 5, 7]) {
      const noise = (slice: number) => (slice % every === 0 && slice < 60 ? 4 : 0);
      assert.equal(await probe({ ...ENGINE, noise }), 128, `plain, every ${every}`);
      assert.equal(await probe({ ...WIDE, noise }), 256, `wide, every ${every}`);
    }
  });

  it('holds with a coarse clock', async () => {
    for (const tick of [0.005, 0.1]) {
      assert.equal(await probe({ ...ENGINE, tick }), 128);
      assert.equal(await probe({ ...WIDE, tick }), 256);
    }
  });

  it('takes an engine that never optimizes for a narrow one', async () => {
    const never = { adjacentAfter: Infinity, apartAfter: Infinity };
    assert.equal(await probe({ ...WIDE, ...never, tick: 0.1 }), 128);
  });
});
