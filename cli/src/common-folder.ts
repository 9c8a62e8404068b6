/** The folders that all paths begin with, up to and with the last slash. */
export function commonFolder(paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  let length = 0;
  while (length < first.length && others.every((path) => path[length] === first[length])) length++;
  return first.slice(0, first.lastIndexOf('/', length) + 1);
}
