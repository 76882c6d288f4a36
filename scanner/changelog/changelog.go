// Package changelog tells what changed between two images: where their source
// is, which versions lie between them, and what was written about those.
//
// It asks nobody by itself. What registries tell comes in as plain maps, and
// forges are read through Source. What comes out is data: texts are foreign and
// raw, and whoever shows them makes them harmless.
package changelog
