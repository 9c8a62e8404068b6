import fc from 'fast-check';
import { LAYER_CLASSES, MICROKERNELS } from '../../src/arrays/table.js';
import type { LayerClass, TemporalMapping } from '../../src/arrays/table.js';

/** Ways through the rows of a layer, the odd ones included. */
const anyTemporal: fc.Arbitrary<TemporalMapping> = fc.record({
  rowBlock: fc.constantFrom(4, 5, 7, 12, 32, 96, 1000),
  stripBytes: fc.constantFrom(1, 500, 5000, 50_000, 262_144, 1e7),
  stripRows: fc.constantFrom(1, 2, 5, 13, 48, 200),
  bandRows: fc.constantFrom(1, 1, 2, 8, 30),
  foldWidth: fc.boolean(),
});

/** An entry for some or all layers of a class. */
const anyEntry = (layer: LayerClass) => {
  const kernels = MICROKERNELS.filter(({ layers }) => layers.includes(layer));
  return fc.record(
    {
      match: fc.record(
        {
          layer: fc.constant(layer),
          outChannels: fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 20 })),
          share: fc.tuple(fc.constant(0), fc.constantFrom(0, 0.2, 0.5, 0.9)),
        },
        { requiredKeys: ['layer'] },
      ),
      array: fc.constantFrom(0, 1),
      temporal: anyTemporal,
      ...(kernels.length > 0 && { kernel: fc.constantFrom(...kernels.map(({ name }) => name)) }),
    },
    { requiredKeys: ['match', 'array', ...(kernels.length > 0 ? ['kernel' as const] : [])] },
  );
};

/** Unrolling tables, as JSON; null leaves the one that ships in force. */
export const anyTable = fc.option(
  fc.record({
    hardware: fc.constant('any'),
    vectorBits: fc.constantFrom(128, 256),
    temporal: anyTemporal,
    entries: fc.array(fc.constantFrom(...LAYER_CLASSES).chain(anyEntry), {
      minLength: 1,
      maxLength: 16,
      size: 'max',
    }),
  }),
  { freq: 4 },
);
