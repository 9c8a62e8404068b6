import { expect } from 'chai';
import fc from 'fast-check';
import type { Job, Need } from '../../../src/mapping/timeline/job.js';
import { activityOf } from '../../../src/mapping/dynamic/activity.js';
import { NO_DENSITIES } from '../../../src/mapping/dynamic/densities.js';
import type { MappedLayer } from '../../../src/mapping/dynamic/map-network.js';
import { jobsOf } from '../../../src/mapping/timeline/jobs.js';
import { readNetwork } from '../networks.js';
import { simulate } from '../../../src/mapping/timeline/simulate.js';

function job(core: number, rowCycles: number[], needs: Need[], more: Partial<Job> = {}): Job {
  const rowBits = rowCycles.map(() => 10);
  return { name: '', type: 'Conv', core, startCycles: 0, rowCycles, rowBits, needs, ...more };
}

/** Row r needs row r of another job. */
function rowByRow(other: number, rows: number): Need {
  const all = Array.from({ length: rows }, (_, row) => row);
  return { job: other, rows: all.map((row) => row + 1), keeps: all };
}

function whole(other: number, rows: number, otherRows: number): Need {
  return {
    job: other,
    rows: Array<number>(rows).fill(otherRows),
    keeps: Array<number>(rows).fill(0),
  };
}

const DECISION = job(1, [5], [], { type: 'Decision' });
const EXPAND = job(0, [10, 10, 10], [whole(0, 3, 1)], { block: 0 });
const DEPTHWISE = job(1, [4, 4, 4], [whole(0, 3, 1), rowByRow(1, 3)], { block: 0 });
const PROJECT = job(0, [6, 6, 6], [whole(0, 3, 1), rowByRow(2, 3)], { block: 0 });
const BLOCK = [DECISION, EXPAND, DEPTHWISE, PROJECT];

const SLOW = { type: 'bus', cores: [0, 1, 2], bandwidth: 1, unitEnergy: 1 } as const;

describe('the timeline', () => {
  it('lets rows flow from one array to the other, after the decision', () => {
    const { latency, spans, busy } = simulate(BLOCK, 2, [], 'layer-by-layer');
    // 5 for the decision, 30 for expansion; projection waits for the last depthwise row at 39 only.
    expect(latency).to.equal(5 + 30 + 18);
    expect(busy).to.deep.equal([48, 17]);
    expect(spans.map(({ job, start, end }) => [job, start, end])).to.deep.equal([
      [0, 0, 5],
      [1, 5, 35],
      [2, 15, 19],
      [2, 25, 29],
      [3, 35, 53],
      [2, 35, 39],
    ]);
  });

  it('runs a block row by row depth-first, and keeps less', () => {
    const layered = simulate(BLOCK, 2, [], 'layer-by-layer');
    const fused = simulate(BLOCK, 2, [], 'depth-first');
    // Projection of the second row at 31 lets the last row of expansion wait until 37.
    expect(fused.latency).to.equal(37 + 10 + 4 + 6);
    expect(layered.peakBits).to.be.greaterThan(fused.peakBits);
  });

  it('begins with whole layers only, if that is asked for', () => {
    const { latency } = simulate(BLOCK, 2, [], 'whole-layers');
    expect(latency).to.equal(5 + 30 + 12 + 18);
  });

  it('tells what cores wait for, and what blocks keep', () => {
    const layered = simulate(BLOCK, 2, [], 'layer-by-layer');
    // The main core waits for the decision until 5; the other one for rows, from 5, 19 and 29 on.
    expect(layered.waiting).to.deep.equal([
      { decisions: 5, rows: 0 },
      { decisions: 0, rows: 10 + 6 + 6 },
    ]);
    // Two rows of the expansion and two of the depthwise layer at 39.
    expect(layered.peakBitsInBlocks).to.equal(40);
    const fused = simulate(BLOCK, 2, [], 'depth-first');
    expect(fused.peakBitsInBlocks).to.be.lessThan(layered.peakBitsInBlocks);
    const outside = BLOCK.map((job) => ({ ...job, block: undefined }));
    expect(simulate(outside, 2, [], 'layer-by-layer').peakBitsInBlocks).to.equal(0);
  });

  it('pays for beginning anew after another layer', () => {
    const eager = BLOCK.map((job) => ({ ...job, startCycles: 1 }));
    expect(simulate(eager, 2, [], 'layer-by-layer').busy[0]).to.equal(48 + 2);
    expect(simulate(eager, 2, [], 'depth-first').busy[0]).to.be.greaterThan(48 + 2);
  });

  it('waits for data on its way between cores', () => {
    const bus = { type: 'bus', cores: [0, 1], bandwidth: 5, unitEnergy: 2 } as const;
    const { latency, transfer } = simulate(BLOCK, 2, [bus], 'layer-by-layer');
    expect(latency).to.equal(5 + 2 + 30 + 18);
    // The decision's row, three of expansion, three of depthwise.
    expect(transfer).to.deep.equal({ bits: 70, energy: 140 });
  });

  it('lets rows queue for a connection, which carries no more than its bandwidth', () => {
    const rows = [1, 1, 1, 1];
    const reader = (core: number, other: number) => job(core, [0, 0, 0, 1], [rowByRow(other, 4)]);
    const latency = (type: 'bus' | 'link', ...readers: Job[]) =>
      simulate(
        [job(0, rows, []), job(1, rows, []), ...readers],
        3,
        [{ ...SLOW, type }],
        'whole-layers',
      ).latency;
    // Four rows of 10 bits at a bit a cycle, the first from 1 on; then the reader's last row.
    expect(latency('bus', reader(2, 0))).to.equal(1 + 40 + 1);
    // Another four of the other core share a bus, but not a link. What two cores read goes over the bus once.
    expect(latency('bus', reader(2, 0), reader(2, 1))).to.equal(1 + 80 + 1);
    expect(latency('link', reader(2, 0), reader(2, 1))).to.equal(1 + 40 + 2);
    expect(latency('bus', reader(2, 0), reader(1, 0))).to.equal(1 + 40 + 1);
  });

  it('takes as long as a connection needs for its bits', () => {
    const length = fc.integer({ min: 1, max: 6 });
    const rows = fc.tuple(length, fc.integer({ min: 1, max: 20 }));
    fc.assert(
      fc.property(fc.array(rows, { minLength: 1, maxLength: 5 }), (sources) => {
        const jobs = sources.flatMap(([count, cycles], index) => [
          job(0, Array<number>(count).fill(cycles), []),
          job(1, [1], [whole(2 * index, 1, count)]),
        ]);
        const { latency, transfer } = simulate(jobs, 2, [SLOW], 'layer-by-layer');
        expect(transfer.bits).to.equal(10 * sources.reduce((sum, [count]) => sum + count, 0));
        expect(latency).to.be.at.least(transfer.bits / SLOW.bandwidth);
      }),
    );
  });

  it('is never shorter than the busiest core or the longest chain, nor longer than the sum', () => {
    const rows = fc.array(fc.nat(9), { minLength: 1, maxLength: 4 });
    const jobs = fc
      .array(fc.tuple(fc.nat(1), rows, fc.nat()), { minLength: 1, maxLength: 8 })
      .map((all) =>
        all.map(([core, cycles, seed], index) => {
          const other = index === 0 ? -1 : seed % index;
          const needs = other < 0 ? [] : [whole(other, cycles.length, all[other][1].length)];
          return job(core, cycles, needs);
        }),
      );
    fc.assert(
      fc.property(
        jobs,
        fc.constantFrom('whole-layers' as const, 'layer-by-layer' as const, 'depth-first' as const),
        (all, how) => {
          const { latency, busy } = simulate(all, 2, [], how);
          const work = all.map(({ rowCycles }) => rowCycles.reduce((a, b) => a + b, 0));
          const chain: number[] = [];
          all.forEach(({ needs }, i) => {
            chain.push(work[i] + Math.max(0, ...needs.map((need) => chain[need.job])));
          });
          expect(latency).to.be.at.least(Math.max(...busy, ...chain) - 1e-9);
          expect(latency).to.be.at.most(work.reduce((a, b) => a + b, 0) + 1e-9);
          expect(busy[0] + busy[1]).to.be.closeTo(
            work.reduce((a, b) => a + b, 0),
            1e-9,
          );
        },
      ),
    );
  });
});

describe('the jobs of a network', () => {
  it('are of the same blocks with masks and without', async () => {
    const network = await readNetwork('models/fixtures/mobilenetv2-hourglass/graph');
    const masks = Object.fromEntries(
      network.layers.filter(({ type }) => type === 'Decision').map(({ name }) => [name, 0.3]),
    );
    const mapped = network.layers.map((layer) => ({
      layer,
      core: 0,
      latency: 100,
    })) as MappedLayer[];
    const [masked, dense] = [activityOf(network, { ...NO_DENSITIES, masks }), []].map((activity) =>
      jobsOf(network, mapped, activity).map(({ block }) => block),
    );
    expect(dense).to.deep.equal(masked);
    expect(new Set(dense).size).to.equal(1 + Object.keys(masks).length);
  });

  it('wait for a whole mask, or for the rows of it that decide', async () => {
    const network = await readNetwork('models/fixtures/mobilenetv2-hourglass/graph');
    const masks = Object.fromEntries(
      network.layers.filter(({ type }) => type === 'Decision').map(({ name }) => [name, 0.3]),
    );
    const activity = activityOf(network, { ...NO_DENSITIES, masks });
    const mapped = network.layers.map((layer) => ({
      layer,
      core: 0,
      latency: 100,
    })) as MappedLayer[];
    const needOf = (jobs: Job[], index: number): Need => {
      const decision = activity[index]!.decision!;
      return jobs[index].needs.find(({ job }) => job === decision)!;
    };
    const [wholeMasks, byRow] = (['whole', 'by-row'] as const).map((order) =>
      jobsOf(network, mapped, activity, order),
    );
    let [expanding, projecting] = [0, 0];
    activity.forEach((own, index) => {
      if (own?.decision === undefined || network.layers[index].type !== 'Conv') return;
      const height = own.pixels.rows;
      const all = Array.from({ length: height }, (_, row) => row);
      expect(needOf(wholeMasks, index).rows).to.deep.equal(all.map(() => height));
      // A 3x3 window lies between the expansion and the mask, none between the projection and it.
      const isExpansion = own.windows!.some(({ kernel: [rows] }) => rows === 3);
      const reach = isExpansion ? 1 : 0;
      expect(needOf(byRow, index).rows).to.deep.equal(
        all.map((row) => Math.min(height, row + reach + 1)),
      );
      expect(needOf(byRow, index).keeps).to.deep.equal(all.map((row) => Math.max(0, row - reach)));
      if (isExpansion) expanding++;
      else projecting++;
    });
    expect([expanding, projecting].every((count) => count > 0)).to.equal(true);
  });
});
