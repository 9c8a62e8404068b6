/* global document, dynconv, tf */
import { predictOnTwoLanes } from './predict.mjs';

document.title = await predictOnTwoLanes(tf, dynconv).catch(String);
