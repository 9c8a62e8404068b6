import { assert } from 'chai';
import fc from 'fast-check';
import { FREE, mapNetwork, type Layer, type MappedLayer } from '../../../src/mapping/index.js';
import { accelerator, convolution, matrixProduct, memory, port } from '../examples.js';

/** An array whose operands have memories of their own, so that it matters which is which. */
const CHIP = {
  name: 'chip',
  cores: [
    accelerator({ D1: 4, D2: 2 }, [
      memory('weights', 32, ['I2'], [], port('read', 8, 'I2 tl'), port('write', 8, 'I2 fh')),
      memory(
        'sram',
        1e6,
        ['I1', 'I2', 'O'],
        ['D1', 'D2'],
        port('read', 64, 'I1 tl', 'I2 tl', 'O tl', 'O th'),
        port('write', 64, 'I1 fh', 'I2 fh', 'O fl', 'O fh'),
      ),
    ]),
  ],
  connections: [],
};

/** Layers that are alike in all but one thing that a search reads. */
const layers = fc
  .record({
    layer: fc.constantFrom(
      convolution(4, 4, 4, 3, 1),
      convolution(4, 4, 4, 3, 2),
      matrixProduct(8, 8, 6),
    ),
    finalPrecision: fc.constantFrom(8, 16),
    precision: fc.constantFrom(8, 16),
    swapped: fc.boolean(),
    touched: fc.constantFrom(undefined, 2),
  })
  .map(({ layer, finalPrecision, precision, swapped, touched }): Layer => {
    const names = layer.inputs.map(({ name }) => name);
    if (swapped) names.reverse();
    const { output, inputs, relations } = layer;
    return {
      ...layer,
      output: { ...output, finalPrecision },
      inputs: inputs.map((input, i) => ({ ...input, name: names[i], precision })),
      relations: relations.map((relation) => ({ ...relation, size: touched ?? relation.size })),
    };
  });

async function map(all: readonly Layer[]): Promise<MappedLayer[]> {
  const network = { layers: all, uses: all.map(() => []) };
  return mapNetwork(network, [], CHIP, [FREE], { objective: 'energy', lpfLimit: 4 });
}

describe('a network that is mapped', () => {
  it('has layers that cost what each costs alone, whatever the others are', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(layers, { minLength: 2, maxLength: 5 }), async (all) => {
        const together = await map(all);
        for (const [index, layer] of all.entries()) {
          const [alone] = await map([layer]);
          assert.deepEqual(together[index].mapping, alone.mapping);
        }
      }),
    );
  });
});
