/** Lines of a failed property's message: that it failed, its seed, and the counterexample. */
const PROPERTY_LINES = 3;
const LONGEST = 1000;

/**
 * What failed and why, in one line: the first of the message, or all that it takes to run a property
 * again.
 *
 * @param {string} name the spec's
 * @param {string} message of the error
 */
exports.failureLine = (name, message) => {
  const isProperty = /^(Error: )?Property failed/.test(message);
  const lines = message.split('\n').slice(0, isProperty ? PROPERTY_LINES : 1);
  return `${name}: ${lines.join(' ')}`.slice(0, LONGEST);
};
