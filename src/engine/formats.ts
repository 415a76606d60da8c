/** The string formats that can be found in a text and held to while writing, as plain patterns. */

const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]";

export const FORMATS: { readonly [format: string]: string } = {
  date: DATE,
  time: TIME,
  "date-time": `${DATE}T${TIME}(\\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})`,
  email: "[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63}){1,4}",
  uuid: "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
  uri: "https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]{1,200}",
  ipv4: `${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}`,
};
