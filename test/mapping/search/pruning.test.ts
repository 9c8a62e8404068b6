import { assert } from 'chai';
import fc from 'fast-check';
import { FREE, OBJECTIVES, searchLayer } from '../../../src/mapping/index.js';
import { CostModel } from '../../../src/mapping/cost/cost-model.js';
import type { Cost } from '../../../src/mapping/cost/cost-model.js';
import { makeNest, operandsOf } from '../../../src/mapping/cost/nest.js';
import type { Accelerator } from '../../../src/mapping/hardware/accelerator.js';
import { LoopOrder } from '../../../src/mapping/mapping/loop-order.js';
import { Allocator } from '../../../src/mapping/search/allocator.js';
import { visitOrders } from '../../../src/mapping/search/loop-orders.js';
import { LowerBound } from '../../../src/mapping/search/lower-bound.js';
import { spatialCandidates } from '../../../src/mapping/search/spatial-candidates.js';
import { splitTemporalLoops } from '../../../src/mapping/search/temporal-loops.js';
import type { Layer } from '../../../src/mapping/workload/layer.js';
import { accelerators, layers } from './arbitraries.js';

type Price = Pick<Cost, 'latency' | 'energy'>;

/** Calls `check` with the lower bound of every beginning of every order, and what an order that begins so costs. */
function visitBounds(
  layer: Layer,
  hardware: Accelerator,
  check: (bound: Price, cost: Price) => void,
): void {
  const [spatialMapping] = spatialCandidates(
    hardware,
    operandsOf(layer, hardware, FREE.links),
    FREE,
    { spatialMappings: 1 },
  );
  const nest = makeNest(layer, hardware, FREE.links, spatialMapping);
  const { loops, ordering } = splitTemporalLoops(nest, FREE.ordering, 5);
  const [model, allocator] = [new CostModel(nest), new Allocator(nest)];
  const bound = new LowerBound(new CostModel(nest), loops);
  const order = new LoopOrder();
  const indexOf = (dim: string): number => layer.loops.findIndex((loop) => loop.dim === dim);
  visitOrders(order, loops, indexOf, ordering, {
    visit() {
      if (!allocator.allocate(order)) return;
      const { latency, energy } = model.evaluate(order, allocator.ends);
      const whole = order.length;
      for (order.length = 0; order.length < whole; order.length++) {
        check(bound.of(order), { latency, energy });
      }
      order.length = whole;
    },
  });
}

describe('the lower bound of orders that begin alike', () => {
  it('is not above what any of them costs', function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(layers, accelerators, (layer, hardware) => {
        visitBounds(layer, hardware, (bound, cost) => {
          assert.isAtMost(bound.latency, cost.latency * (1 + 1e-9));
          assert.isAtMost(bound.energy, cost.energy * (1 + 1e-9));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('is near it for some: else it would prune nothing', function () {
    this.timeout(60_000);
    let tight = 0;
    // The same examples every time: of others, all may be far.
    for (const [layer, hardware] of fc.sample(fc.tuple(layers, accelerators), {
      numRuns: 60,
      seed: 1,
    })) {
      visitBounds(layer, hardware, (bound, cost) => {
        if (bound.latency > 0.999 * cost.latency && bound.energy > 0.999 * cost.energy) tight++;
      });
    }
    assert.isAbove(tight, 100);
  });
});

describe('a search that is cut short', () => {
  it('loses nothing against an exhaustive one', function () {
    this.timeout(60_000);
    let evaluated = 0;
    let all = 0;
    fc.assert(
      fc.property(
        layers,
        accelerators,
        fc.constantFrom(...OBJECTIVES),
        fc.integer({ min: 0, max: 2 }),
        (layer, hardware, objective, runnersUp) => {
          const options = { objective, runnersUp, lpfLimit: 6, spatialMappings: 3 };
          const short = searchLayer(layer, hardware, FREE, options);
          const whole = searchLayer(layer, hardware, FREE, { ...options, exhaustive: true });
          evaluated += short.evaluated;
          all += whole.evaluated;
          assert.deepEqual(
            short.mappings.map(({ latency, energy }) => ({ latency, energy })),
            whole.mappings.map(({ latency, energy }) => ({ latency, energy })),
          );
        },
      ),
      { numRuns: 150 },
    );
    assert.isBelow(evaluated, 0.9 * all, 'orders that are evaluated');
  });
});
