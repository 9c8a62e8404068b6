import { assert } from 'chai';
import type { Accelerator, Layer, MappingRule, SpatialMapping } from '../../src/mapping/index.js';
import { OBJECTIVES, score, searchLayer } from '../../src/mapping/index.js';
import { operandsOf } from '../../src/mapping/cost/nest.js';
import { spatialCandidates } from '../../src/mapping/search/spatial-candidates.js';
import recorded from './fixtures/zigzag.json' with { type: 'json' };

interface Recorded {
  layers: Layer[];
  accelerators: {
    name: string;
    accelerator: Accelerator;
    rule: MappingRule;
    results: { layer: number; searches: RecordedSearch[] }[];
  }[];
}

interface RecordedSearch {
  spatialMapping: SpatialMapping;
  mappings: number;
  best: Record<(typeof OBJECTIVES)[number], { latency: number; energy: number }>;
}

const { layers, accelerators } = recorded as unknown as Recorded;

describe('against zigzag-dse 3.9.1, for every layer of ResNet-18 and MobileNetV2', () => {
  for (const { name, accelerator, rule, results } of accelerators) {
    it(`finds what it finds on ${name}`, function () {
      this.timeout(120_000);
      assert.lengthOf(results, layers.length);
      for (const { layer: index, searches } of results) {
        for (const { spatialMapping, best } of searches) {
          for (const objective of OBJECTIVES) {
            const options = { objective, lpfLimit: 6 };
            const given = { ...rule, spatialMapping };
            const [ours] = searchLayer(layers[index], accelerator, given, options).mappings;
            const theirs = best[objective];
            const where = `${layers[index].name}, ${objective}`;
            assert.isAtMost(score(ours, objective), score(theirs, objective) * (1 + 1e-9), where);
            assert.closeTo(ours.energy / theirs.energy, 1, 0.01, `energy of ${where}`);
            assert.closeTo(ours.latency / theirs.latency, 1, 0.02, `latency of ${where}`);
          }
        }
      }
    });

    it(`evaluates as many loop orders on ${name}`, function () {
      this.timeout(60_000);
      for (const { layer, searches } of results) {
        for (const { spatialMapping, mappings } of searches) {
          const options = { objective: 'energy', exhaustive: true } as const;
          const found = searchLayer(
            layers[layer],
            accelerator,
            { ...rule, spatialMapping },
            options,
          );
          assert.equal(found.evaluated, mappings, layers[layer].name);
        }
      }
    });

    it(`unrolls as it does on ${name}`, () => {
      for (const { layer, searches } of results) {
        const operands = operandsOf(layers[layer], accelerator, rule.links);
        const options = { spatialMappings: 8 };
        const candidates = spatialCandidates(accelerator, operands, rule, options).map(normal);
        for (const { spatialMapping } of searches) {
          assert.includeDeepMembers(candidates, [normal(spatialMapping)], layers[layer].name);
        }
      }
    });
  }
});

/** A spatial mapping without what is not unrolled. */
function normal(mapping: SpatialMapping): Record<string, Record<string, number>> {
  return Object.fromEntries(
    mapping.map(({ dimension, unrollings }) => [
      dimension,
      Object.fromEntries(
        unrollings.filter(({ factor }) => factor > 1).map(({ dim, factor }) => [dim, factor]),
      ),
    ]),
  );
}
