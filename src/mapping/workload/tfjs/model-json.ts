import * as z from 'zod';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { InputError } from '../../problem.js';

const attribute = z.looseObject({
  i: z.union([z.string(), z.number()]).optional(),
  b: z.boolean().optional(),
  s: z.union([z.string(), z.array(z.number())]).optional(),
  type: z.union([z.string(), z.number()]).optional(),
  list: z
    .looseObject({
      i: z.array(z.union([z.string(), z.number()])).optional(),
      s: z.array(z.union([z.string(), z.array(z.number())])).optional(),
    })
    .optional(),
  shape: z
    .looseObject({
      dim: z
        .array(z.looseObject({ size: z.union([z.string(), z.number()]).optional() }))
        .optional(),
      unknownRank: z.boolean().optional(),
    })
    .optional(),
});

const node = z.looseObject({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z.record(z.string(), attribute).default({}),
});

/** A node of a graph model. */
export type GraphNode = z.output<typeof node>;

const kerasLayer = z.looseObject({
  class_name: z.string(),
  name: z.string().optional(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: z.array(z.unknown()).optional(),
});

/** A layer of a layers model. */
export type KerasLayer = z.output<typeof kerasLayer>;

const kerasModel = z.looseObject({
  class_name: z.string(),
  config: z.union([
    z.array(kerasLayer).min(1),
    z.looseObject({
      layers: z.array(kerasLayer).min(1),
      output_layers: z.unknown().optional(),
    }),
  ]),
});

/** The configuration of a layers model. */
export type KerasModel = z.output<typeof kerasModel>;

const weight = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool', 'string', 'complex64']),
  quantization: z.looseObject({ dtype: z.enum(['uint8', 'uint16', 'float16']) }).optional(),
});

/** A weight as the manifest lists it. */
export type WeightSpec = z.output<typeof weight>;

const signature = z.looseObject({
  outputs: z.record(z.string(), z.looseObject({ name: z.string() })).optional(),
});

const modelJson = z.looseObject({
  modelTopology: z.union([
    z.looseObject({ node: z.array(node).min(1) }),
    z.looseObject({ model_config: kerasModel }),
    kerasModel,
  ]),
  weightsManifest: z.array(z.looseObject({ weights: z.array(weight) })).default([]),
  signature: signature.nullish(),
  userDefinedMetadata: z.looseObject({ signature: signature.nullish() }).nullish(),
});

/** The description of a converted model. */
export type ModelJson = z.output<typeof modelJson>;

/**
 * Reads the `model.json` of a graph model or a layers model.
 *
 * @param name of the file, for messages
 * @throws InputError with the line of what is wrong
 */
export function parseModelJson(name: string, text: string): ModelJson {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    const line = lineOf(text, Number(/position (\d+)/.exec(String(error))?.[1] ?? text.length));
    const message = `expected the JSON of a TensorFlow.js model (${String(error)})`;
    throw new InputError([{ file: name, line, message }]);
  }
  const result = modelJson.safeParse(content);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 10).flatMap((issue) => deepest(issue, []));
  throw new InputError(
    issues.map(({ path, message }) => ({
      file: name,
      line: lineOfPath(text, path),
      message: `${path.map(String).join('.') || 'the file'}: ${message}`,
    })),
  );
}

interface Issue {
  path: PropertyKey[];
  message: string;
}

/** Of the alternatives of a union, the issues of the one that got furthest. */
function deepest(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): Issue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'invalid_union') return [{ path, message: issue.message }];
  const branches = issue.errors.map((errors) => errors.flatMap((inner) => deepest(inner, path)));
  const depth = (issues: Issue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));
  branches.sort((a, b) => depth(b) - depth(a));
  return branches[0]?.slice(0, 3) ?? [{ path, message: issue.message }];
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** JSON is YAML, and YAML's parser remembers where things stand. */
function lineOfPath(text: string, path: readonly PropertyKey[]): number {
  if (!text.includes('\n')) return 1;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (let length = path.length; length >= 0; length--) {
    const found = document.getIn(path.slice(0, length), true);
    if (isNode(found) && found.range) return lines.linePos(found.range[0]).line;
  }
  return 1;
}
