import { chatEngineContract, encoderEngineContract } from "./engine.contract.ts";
import { FakeChat, FakeEncoder } from "./fake.contract.ts";

chatEngineContract("the fake", async () => new FakeChat());
encoderEngineContract("the fake", async () => new FakeEncoder());
