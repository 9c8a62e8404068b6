import { UNKNOWN } from './shapes.js';

/** Shapes for the model's inputs, by name, in place of those that it tells. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

/** The shapes of a model's inputs. */
export class ModelInputs {
  /** The first input whose shape is open, and what is known of it. */
  open: { name: string; shape: readonly number[] | undefined } | undefined;

  constructor(private readonly given: InputShapes) {}

  /** The shape of an input: what was given, or else what the model tells. */
  shapeOf(name: string, told: readonly number[] | undefined): number[] | undefined {
    // A batch that the model leaves open is one.
    const shape = (this.given[name] ?? told)?.map((size, i) =>
      size === UNKNOWN && i === 0 ? 1 : size,
    );
    if (!shape || shape.includes(UNKNOWN)) this.open ??= { name, shape };
    return shape;
  }
}
