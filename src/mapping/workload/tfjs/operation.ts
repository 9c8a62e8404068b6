import type { Tensor } from '../network.js';
import type { Attributes } from './attributes.js';

/** An operation of a graph model whose operands are known. */
export interface Operation {
  readonly name: string;
  readonly op: string;
  readonly operands: readonly Tensor[];
  readonly attributes: Attributes;
}

/** A shape rule: the shapes of an operation's results. */
export type ShapeRule = (operation: Operation) => readonly (readonly number[] | undefined)[];
