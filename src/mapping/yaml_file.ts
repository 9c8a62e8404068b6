import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { InputError, type Problem } from './problem.js';

/** Where in a document: keys and indices from its root. */
export type Path = readonly PropertyKey[];

/** A YAML file whose values are known to be of the expected form, and whose lines are known. */
export class YamlFile<T> {
  private constructor(
    readonly name: string,
    readonly value: T,
    private readonly document: Document,
    private readonly lines: LineCounter,
  ) {}

  /**
   * Parses a file and holds it against a schema.
   *
   * @param name of the file, for messages
   * @throws InputError with every problem: the file, the line and what was expected there
   */
  static parse<Schema extends z.ZodType>(
    name: string,
    text: string,
    schema: Schema,
  ): YamlFile<z.output<Schema>> {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    if (document.errors.length > 0) {
      throw new InputError(
        document.errors.map(({ message, pos: [offset] }) => ({
          file: name,
          line: lines.linePos(offset).line,
          message,
        })),
      );
    }
    const raw = new YamlFile<unknown>(name, plainValue(name, document), document, lines);
    const result = schema.safeParse(raw.value, { reportInput: true });
    if (!result.success) {
      throw new InputError(
        result.error.issues.map((issue) =>
          raw.problem(issue.path, `${pathName(issue.path)}: ${describeIssue(issue)}`),
        ),
      );
    }
    return new YamlFile(name, result.data, document, lines);
  }

  /** A problem with what lies at a path, or, where nothing does, with what should hold it. */
  problem(path: Path, message: string): Problem {
    return { file: this.name, line: this.lineOf(path), message };
  }

  /** The line of what lies at a path: of its key, if it has one. */
  lineOf(path: Path): number {
    for (let length = path.length; length >= 0; length--) {
      const offset = this.offsetOf(path.slice(0, length));
      if (offset !== undefined) return this.lines.linePos(offset).line;
    }
    return 1;
  }

  private offsetOf(path: Path): number | undefined {
    const node = this.document.getIn(path, true);
    return isNode(node) ? node.range?.[0] : undefined;
  }
}

/** The document as plain values. Aliases are limited, so that a small file cannot fill the memory. */
function plainValue(name: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new InputError([{ file: name, line: 1, message: String(error) }]);
  }
}

/** A path as a reader finds it in the file: `memories.sram.ports[1].type`. */
function pathName(path: Path): string {
  if (path.length === 0) return 'the file';
  return path.reduce<string>(
    (name, part) =>
      typeof part === 'number'
        ? `${name}[${part}]`
        : name
          ? `${name}.${String(part)}`
          : String(part),
    '',
  );
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const found = 'input' in issue && issue.input !== undefined ? `, found ${show(issue.input)}` : '';
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return `is missing: expected ${issue.expected}`;
  }
  return `${issue.message}${found}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
