import * as z from 'zod';
import { parseEquation, parseRelation } from './equation.js';

const MAX_SIZE = 2 ** 31 - 1;
const dim = z.string().regex(/^\w+$/, 'expected the name of a dimension');
/** ZigZag knows some names, Stream more; a mapping may speak of any. */
const operator = z.string().regex(/^\w+$/, 'expected the name of an operator');
const size = z.int().min(1).max(MAX_SIZE);
const bits = z.int().min(0).max(1024);
const pad = z.int().min(0).max(MAX_SIZE);

const equation = z.string().transform((text, context) => {
  const equation = parseEquation(text);
  if (equation) return equation;
  context.addIssue('expected an equation such as O[b][k]+=W[k][c]*I[b][c]');
  return z.NEVER;
});

const relation = z.string().transform((text, context) => {
  const relation = parseRelation(text);
  if (relation) return relation;
  context.addIssue('expected a relation such as ix=2*ox+1*fx');
  return z.NEVER;
});

const layer = z.strictObject({
  id: z.int(),
  name: z.string().nullish(),
  operator_type: operator,
  equation,
  dimension_relations: z.array(relation).default([]),
  loop_dims: z.array(dim).min(1),
  loop_sizes: z.array(size).min(1),
  operand_precision: z.strictObject({
    I: bits.optional(),
    W: bits.optional(),
    O: bits,
    O_final: bits,
  }),
  operand_source: z.strictObject({ I: z.int().optional(), W: z.int().optional() }).default({}),
  pr_loop_dims: z.array(dim).nullish(),
  pr_loop_sizes: z.array(size).nullish(),
  padding: z.array(z.tuple([pad, pad])).nullish(),
});

/** A layer as it stands in the file. */
export type ZigzagLayer = z.output<typeof layer>;

/** ZigZag's workload files: a list of layers (its `WorkloadValidator`, release 3.9.1). */
export const zigzagWorkload = z.array(layer).min(1);
