// What the server refuses. Its own sentences are English and name what was asked for, so they stand as they are.
export default {
  refusal: (code, message) => message,
};
