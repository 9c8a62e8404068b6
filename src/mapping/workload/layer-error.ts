/** Something in a model that cannot be a layer; readers add the file and the place. */
export class LayerError extends Error {
  override name = 'LayerError';
}
