/** An operand of an equation: its name and its dimensions, in upper case. */
export interface EquationOperand {
  readonly name: string;
  readonly dims: readonly string[];
}

/** What a layer computes, as ZigZag writes it: `O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]`. */
export interface Equation {
  readonly output: EquationOperand;
  readonly inputs: readonly [EquationOperand, EquationOperand];
}

/** A relation as ZigZag writes it: `ix=2*ox+1*fx`. */
export interface RelationEquation {
  readonly dim: string;
  readonly dims: readonly [string, string];
  readonly coefficients: readonly [number, number];
}

const OPERAND = String.raw`(\w)((?:\[\w*\])+)`;
const EQUATION = new RegExp(`^${OPERAND}\\s*\\+?\\s*=\\s*${OPERAND}\\s*[*+]\\s*${OPERAND}$`);
const TERM = String.raw`(?:(\d{1,9})\s*\*\s*)?([A-Za-z]\w*)`;
const RELATION = new RegExp(String.raw`^(\w+)\s*=\s*${TERM}\s*\+\s*${TERM}$`);

/** Reads an equation; undefined if it is of another form. */
export function parseEquation(text: string): Equation | undefined {
  const match = EQUATION.exec(text.trim());
  if (!match) return undefined;
  const [, o, oDims, a, aDims, b, bDims] = match;
  const output = operand(o, oDims);
  const inputs = [operand(a, aDims), operand(b, bDims)] as const;
  const names = new Set([o, a, b]);
  return o === 'O' && names.size === 3 ? { output, inputs } : undefined;
}

function operand(name: string, brackets: string): EquationOperand {
  const dims = Array.from(brackets.matchAll(/\[(\w+)\]/g), ([, dim]) => dim.toUpperCase());
  return { name, dims };
}

/** Reads a relation; undefined if it is of another form. */
export function parseRelation(text: string): RelationEquation | undefined {
  const match = RELATION.exec(text.trim());
  if (!match) return undefined;
  const [, dim, ca, a, cb, b] = match;
  return {
    dim: dim.toUpperCase(),
    dims: [a.toUpperCase(), b.toUpperCase()],
    coefficients: [Number(ca ?? 1), Number(cb ?? 1)],
  };
}
