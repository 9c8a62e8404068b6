/* global document, tf */
import { predict } from './predict.mjs';

tf.env().set('DYNCONV_LANES', 2);
const answer = await predict(tf, 64, 32).catch(String);
// Whatever there is to say of the workers has been said by then.
setTimeout(() => (document.title = answer), 500);
