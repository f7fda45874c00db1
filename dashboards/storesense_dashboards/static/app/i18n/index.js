// The texts in use. A further language is a further module with the same keys, chosen here.
import { en } from "./en.js";

export const t = en;
