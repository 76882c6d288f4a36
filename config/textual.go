package config

import "reflect"

// textual is how a type is read that is written as one scalar.
type textual struct {
	// read takes the text of the scalar into what target points to; nil if
	// there is nothing to say.
	read   func(target any, text string) *fault
	schema func() schema
	// loose is set where the text may look like a number or a date.
	loose bool
}

// textuals are all types that are written as one scalar and are not one of a
// few words.
//
//nolint:gochecknoglobals // a table, never written
var textuals = map[reflect.Type]textual{
	reflect.TypeFor[Duration]():     looseText(readDuration, schemaOfDuration),
	reflect.TypeFor[Schedule]():     looseText(readSchedule, schemaOfSchedule),
	reflect.TypeFor[Date]():         looseText(readDate, schemaOfDate),
	reflect.TypeFor[Zone]():         text(readZone, schemaOfZone),
	reflect.TypeFor[Window]():       text(readWindow, schemaOfWindow),
	reflect.TypeFor[ImageGlob]():    text(readImageGlob, schemaOfImageGlob),
	reflect.TypeFor[PathGlob]():     text(readPathGlob, schemaOfPathGlob),
	reflect.TypeFor[FileGlob]():     text(readFileGlob, schemaOfFileGlob),
	reflect.TypeFor[Range]():        text(readRange, schemaOfRange),
	reflect.TypeFor[Pattern]():      text(readPattern, schemaOfPattern),
	reflect.TypeFor[TagName]():      text(readTagName, schemaOfTagName),
	reflect.TypeFor[ImageName]():    text(readImageName, schemaOfImageName),
	reflect.TypeFor[CheckName]():    text(readCheckName, schemaOfCheckName),
	reflect.TypeFor[Label]():        text(readLabel, schemaOfLabel),
	reflect.TypeFor[Reviewer]():     text(readReviewer, schemaOfReviewer),
	reflect.TypeFor[Assignee]():     text(readAssignee, schemaOfAssignee),
	reflect.TypeFor[Text]():         text(readText, schemaOfText),
	reflect.TypeFor[Branch]():       text(readBranch, schemaOfBranch),
	reflect.TypeFor[BranchPrefix](): text(readBranchPrefix, schemaOfBranchPrefix),
	reflect.TypeFor[Platform]():     text(readPlatform, schemaOfPlatform),
	reflect.TypeFor[FieldPath]():    text(readFieldPath, schemaOfFieldPath),
	reflect.TypeFor[Base]():         text(readBase, schemaOfBase),
	reflect.TypeFor[Template]():     text(readTemplate, schemaOfTemplate),

	// Those of the server's configuration.
	reflect.TypeFor[hostName]():       text(readHostName, schemaOfHostName),
	reflect.TypeFor[folderPath]():     text(readFolderPath, schemaOfFolderPath),
	reflect.TypeFor[accountName]():    text(readAccountName, schemaOfAccountName),
	reflect.TypeFor[userName]():       text(readUserName, schemaOfUserName),
	reflect.TypeFor[envName]():        text(readEnvName, schemaOfEnvName),
	reflect.TypeFor[absolutePath]():   text(readAbsolutePath, schemaOfAbsolutePath),
	reflect.TypeFor[argument]():       text(readArgument, schemaOfArgument),
	reflect.TypeFor[proxyAddress]():   text(readProxyAddress, schemaOfProxyAddress),
	reflect.TypeFor[siteURL]():        text(readSiteURL, schemaOfSiteURL),
	reflect.TypeFor[apiURL]():         text(readAPIURL, schemaOfURL),
	reflect.TypeFor[publicURL]():      text(readPublicURL, schemaOfURL),
	reflect.TypeFor[listenAddress]():  looseText(readListenAddress, schemaOfListenAddress),
	reflect.TypeFor[handle]():         text(readHandle, schemaOfHandle),
	reflect.TypeFor[byteSize]():       text(readByteSize, schemaOfByteSize),
	reflect.TypeFor[audience]():       text(readAudience, schemaOfAudience),
	reflect.TypeFor[emailAddress]():   text(readEmailAddress, schemaOfEmailAddress),
	reflect.TypeFor[tokenHash]():      looseText(readTokenHash, schemaOfTokenHash),
	reflect.TypeFor[repositoryGlob](): text(readRepositoryGlob, schemaOfRepositoryGlob),
}

func text[T any](read func(*T, string) *fault, schema func() schema) textual {
	return textual{schema: schema, read: func(target any, text string) *fault {
		into, ok := target.(*T)
		if !ok {
			panic("config: the table of textuals is wrong for " + reflect.TypeFor[T]().String())
		}
		return read(into, text)
	}}
}

func looseText[T any](read func(*T, string) *fault, schema func() schema) textual {
	t := text(read, schema)
	t.loose = true
	return t
}
