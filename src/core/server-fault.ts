/** Everything that is known to go wrong between Pawl and a server, each with a name that reports and tests use. */

/** Found in a reply that arrived whole. */
export type ReplyFault =
  /** The answer does not fit the schema that was sent. */
  | "schema ignored"
  /** Another tool than the one that was demanded, or none. */
  | "tool choice ignored"
  /** The tool call came as text, in one of four shapes. */
  | "tool call as text"
  | "logprobs missing"
  /** They were taken after a constraint: the chosen token has all. */
  | "logprobs masked"
  /** Rounded to a few decimals: ties, zeros and ones are not what they seem. */
  | "logprobs rounded"
  | "usage missing"
  /** Counts that cannot be of this exchange. */
  | "usage implausible"
  /** The answer stops in the middle although the status says that all is well. */
  | "answer truncated"
  /** The prompt was cut: fewer tokens were read than were sent. */
  | "prompt truncated"
  /** Nothing in `content`; the answer stands in `reasoning`. */
  | "answer in reasoning"
  | "empty answer"
  /** Another model answered than the one asked for. */
  | "wrong model"
  /** A name that sounds local stands for a cloud. */
  | "cloud proxy"
  | "not JSON"
  /** JSON of another shape than the format's. */
  | "malformed"
  | "refused"
  /** Only some of the questions were answered. */
  | "question missing"
  /** Probabilities that are none, or do not sum to one. */
  | "bad probabilities";

/** Found on the way: no reply that could be read. */
export type TransportFault =
  | "unreachable"
  | "connection reset"
  /** No certificate that is trusted for the host. */
  | "certificate"
  /** It sent to another address; nothing was sent there. */
  | "redirect"
  | "host not allowed"
  | "rate limited"
  | "overloaded"
  | "server error"
  | "bad request"
  | "not found"
  | "unauthorized"
  | "context exceeded"
  /** Silence for longer than this server ever takes. */
  | "stalled"
  /** It goes on sending, but no end came in time. */
  | "too slow"
  | "reply too large"
  | "endless whitespace"
  | "invalid UTF-8"
  | "not JSON"
  /** Not asked: it failed again and again a moment ago. */
  | "circuit open"
  /** Not asked: the key's share of requests is used up for longer than the caller waits. */
  | "over the rate"
  | "closed";

export type ServerFault = ReplyFault | TransportFault;
