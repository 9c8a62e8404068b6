import fc from 'fast-check';
import { anyLayout, anySeed, inputFields, placeInput, placeOutput, verify } from './operands.js';
import { random } from './random.js';
import { describeKernels } from './sandbox.js';
import { placeOutPixels } from './windows.js';

const anyCase = fc.record({
  images: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 20 }),
  width: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 37 }),
  layout: anyLayout,
  sparse: fc.boolean(),
  seed: anySeed,
});

describeKernels('f32_mean', (sandbox) => {
  it('averages the pixels of each image, absent ones as zeros', () => {
    fc.assert(
      fc.property(anyCase, ({ images, height, width, channels, layout, sparse, seed }) => {
        verify(sandbox(), 'f32_mean', () => {
          const next = random(seed);
          const size = height * width;
          const input = placeInput(sandbox(), next, images * size, channels, layout);
          const pixels = placeOutPixels(sandbox(), next, images, sparse);
          const rows = pixels.list.length;
          const { out, outStride, fields } = placeOutput(sandbox(), rows, channels);
          const command = sandbox().placeCommand({
            ...inputFields(sandbox(), input),
            ...{ InH: height, InW: width },
            ...pixels.fields,
            ...fields,
          });
          const expected = pixels.list.flatMap((image) =>
            Array.from({ length: channels }, (_, c) => {
              let sum = 0;
              for (let p = 0; p < size; p++) {
                sum += input.values[(image * size + p) * channels + c];
              }
              return sum / size;
            }),
          );
          return { command, rows, channels, out, outStride, expected };
        });
      }),
    );
  });
});
