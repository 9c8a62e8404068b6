import { Command } from '../arrays/command.js';
import type { RowKernelName } from '../memory/kernels.js';
import type { Evaluation } from '../graph/evaluation.js';
import { each } from '../graph/node.js';
import type { Node, Primitive, Steps } from '../graph/node.js';
import type { PixelSet } from '../graph/pixels.js';
import { Epilogue } from '../graph/rows.js';
import type { Rows } from '../graph/rows.js';

/** An operation of two maps of one shape that is zero where both of them are. */
export class Pointwise implements Primitive {
  readonly zeros = 'kept';

  constructor(
    readonly name: string,
    private readonly kernel: RowKernelName,
  ) {}

  *evaluate(node: Node, want: PixelSet, evaluation: Evaluation): Steps {
    const [a, b] = yield* each(node.inputs, want);
    return this.combine(a, b, want, evaluation);
  }

  /** Takes over both operands, which are complete for `want`. */
  protected combine(a: Rows, b: Rows, want: PixelSet, evaluation: Evaluation): Rows {
    const set = a.support(want).union(b.support(want));
    const command = new Command().channels(a.channels);
    const weights: Rows[] = [];
    const addSlopes = (slopes: Rows): void => {
      command.weights(slopes.pointer);
      weights.push(slopes);
    };
    const rows = evaluation.produce(set, a.channels, {
      kernel: this.kernel,
      command,
      inputs: [a, b],
      weights,
      epilogue: new Epilogue(null, this.kernel === 'f32_add' ? addSlopes : null),
      window: null,
      record: null,
    });
    set.release();
    return rows;
  }
}
